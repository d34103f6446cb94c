#include "container/local/state_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "os/file.h"
#include "os/path_at.h"

namespace wherry::container {
namespace {

constexpr std::size_t kMaxRecordBytes = 1u << 20;
constexpr int kWaitForKilledMs = 10'000;

std::string record_of(const std::string& id) { return "containers/" + id + "/record"; }
std::string link_of(const std::string& name) { return "names/" + name; }
std::string marker_of(const std::string& id) { return "ephemeral/" + id; }

void make_folder(int directory, const char* name) {
  if (::mkdirat(directory, name, 0700) != 0 && errno != EEXIST) {
    fail_errno(errno, "make folder '{}'", name);
  }
}

std::optional<Exit> parse_exit(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  Exit exit;
  const char* end = text->data() + text->size();
  auto code = std::from_chars(text->data(), end, exit.code);
  if (code.ec != std::errc() || code.ptr == end) return std::nullopt;
  if (std::from_chars(code.ptr + 1, end, exit.finished).ec != std::errc()) return std::nullopt;
  return exit;
}

// A lock that is held is a process that lives.
bool is_held(const os::Fd& file) {
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) {
    ::flock(file.get(), LOCK_UN);
    return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> names_in(int directory, const char* folder) {
  std::vector<std::string> names;
  int fd = ::openat(directory, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return names;
  if (fd < 0) fail_errno(errno, "read '{}'", folder);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), ::closedir);
  while (dirent* entry = ::readdir(stream.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> some_of(std::vector<std::string> names, std::size_t at_most) {
  if (names.size() <= at_most) return names;
  std::uint32_t random = 0;
  sys([&] { return ::getrandom(&random, sizeof random, 0); }, "get random bytes");
  std::ranges::rotate(names, names.begin() + static_cast<std::ptrdiff_t>(random % names.size()));
  names.resize(at_most);
  return names;
}

StateDirectory::StateDirectory(const std::string& path)
    : path_(std::filesystem::absolute(path).lexically_normal()) {
  directory_ = os::Fd(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (directory_.is_open()) return;
  os::Fd top(sys([] { return ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC); }, "open '/'"));
  directory_ = os::make_directories(top.get(), path_, 0755, os::Scope::InRoot);
}

os::Fd StateDirectory::make(const Record& record) const {
  int directory = directory_.get();
  std::string folder = "containers/" + record.id;
  if (::mkdirat(directory, folder.c_str(), 0700) != 0) {
    if (errno != ENOENT) fail_errno(errno, "make folder '{}'", folder);
    for (const char* missing : {"containers", "names", "ephemeral"}) {
      make_folder(directory, missing);
    }
    sys([&] { return ::mkdirat(directory, folder.c_str(), 0700); }, "make folder '{}'", folder);
  }
  // From here on a failure takes back what was made.
  struct Undo {
    const StateDirectory& all;
    const std::string& id;
    bool done = false;
    ~Undo() {
      if (done) return;
      (void)outcome_of([&] {
        all.remove({.id = id});
        return true;
      });
    }
  } undo{*this, record.id};
  std::string path = record_of(record.id);
  os::Fd lock(sys(
      [&] {
        return ::openat(directory, path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      },
      "create '{}'", path));
  sys([&] { return ::flock(lock.get(), LOCK_EX); }, "lock '{}'", path);
  // Locked before it can be found there: a sweep never takes it for one that was left.
  if (record.remove_at_end) {
    std::string marker = marker_of(record.id);
    sys([&] { return ::linkat(directory, path.c_str(), directory, marker.c_str(), 0); },
        "mark '{}'", path);
  }
  undo.done = true;
  return lock;
}

void StateDirectory::write_record(const os::Fd& lock, const Record& record) const {
  in_context([&] { return fmt::format("write '{}'", record_of(record.id)); },
             [&] { os::write_all(lock.get(), as_bytes(to_json(record))); });
}

void StateDirectory::write(const std::string& id, const char* name,
                           std::string_view contents) const {
  std::string path = "containers/" + id + "/" + name;
  os::Fd file(sys(
      [&] {
        return ::openat(directory_.get(), path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                        0600);
      },
      "write '{}'", path));
  in_context([&] { return fmt::format("write '{}'", path); },
             [&] { os::write_all(file.get(), as_bytes(contents)); });
}

std::string StateDirectory::holder_of(const std::string& name) const {
  char holder[128] = {};
  if (::readlinkat(directory_.get(), link_of(name).c_str(), holder, sizeof holder - 1) < 0) {
    return {};
  }
  return has(holder) ? holder : std::string();
}

bool StateDirectory::take_name(const std::string& name, const std::string& id) const {
  std::string link = link_of(name);
  for (;;) {
    if (::symlinkat(id.c_str(), directory_.get(), link.c_str()) == 0) return true;
    if (errno != EEXIST) fail_errno(errno, "take the name '{}'", name);
    if (!holder_of(name).empty()) return false;
    ::unlinkat(directory_.get(), link.c_str(), 0);  // of a container that is gone
  }
}

void StateDirectory::give_name_back(const std::string& name, const std::string& id) const {
  if (holder_of(name) == id) ::unlinkat(directory_.get(), link_of(name).c_str(), 0);
}

bool StateDirectory::has(const std::string& id) const {
  return ::faccessat(directory_.get(), record_of(id).c_str(), F_OK, 0) == 0;
}

std::vector<std::string> StateDirectory::ids() const {
  return names_in(directory_.get(), "containers");
}

std::optional<Listed> StateDirectory::load(const std::string& id) const {
  int directory = directory_.get();
  os::Fd file(::openat(directory, record_of(id).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return std::nullopt;
  bool running = is_held(file);
  auto text = os::read_file_if_exists(directory, record_of(id), kMaxRecordBytes);
  if (!text || text->empty()) return std::nullopt;
  return Listed{
      .record = in_context([&] { return fmt::format("container '{:.12}'", id); },
                           [&] { return parse_record(*text); }),
      .running = running,
      .exit = parse_exit(os::read_file_if_exists(directory, "containers/" + id + "/exit", 64))};
}

void StateDirectory::kill(const Record& record) const {
  int directory = directory_.get();
  auto text = os::read_file_if_exists(directory, "containers/" + record.id + "/pid", 32);
  int pid = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), pid);
  os::Fd file(::openat(directory, record_of(record.id).c_str(), O_RDONLY | O_CLOEXEC));
  for (int waited = 0; file.is_open() && is_held(file); waited += 10) {
    if (waited >= kWaitForKilledMs) {
      fail(ErrorKind::Unavailable, "container '{}' does not end", record.name);
    }
    // While the lock is held its parent lives, so that the pid is still its own.
    if (pid > 0 && waited == 0 && ::kill(pid, SIGKILL) != 0 && errno == EPERM) {
      fail_errno(EPERM, "kill container '{}'", record.name);
    }
    ::usleep(10'000);
  }
}

void StateDirectory::remove(const Record& record) const {
  if (!record.name.empty()) give_name_back(record.name, record.id);
  os::Fd folder(::openat(directory_.get(), "containers", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder.is_open()) os::remove_all_at(folder.get(), record.id);
  ::unlinkat(directory_.get(), marker_of(record.id).c_str(), 0);
}

std::vector<std::string> StateDirectory::abandoned(std::size_t at_most) const {
  std::vector<std::string> ids;
  for (std::string& id : some_of(names_in(directory_.get(), "ephemeral"), at_most)) {
    os::Fd file(::openat(directory_.get(), marker_of(id).c_str(), O_RDONLY | O_CLOEXEC));
    if (file.is_open() && !is_held(file)) ids.push_back(std::move(id));
  }
  return ids;
}

std::string StateDirectory::name_of(const std::string& id) const {
  for (const std::string& path : {record_of(id), marker_of(id)}) {
    auto text = os::read_file_if_exists(directory_.get(), path, kMaxRecordBytes);
    if (text && !text->empty()) return parse_record(*text).name;
  }
  return {};
}

}  // namespace wherry::container
