#include "container/local/containers.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

std::string folder_of(const std::string& id) { return "containers/" + id; }
std::string record_of(const std::string& id) { return folder_of(id) + "/record"; }

void make_folder(int directory, const std::string& name) {
  if (::mkdirat(directory, name.c_str(), 0700) != 0 && errno != EEXIST) {
    fail_errno(errno, "make folder '{}'", name);
  }
}

std::vector<std::string> names_in(int directory, const char* folder) {
  std::vector<std::string> names;
  int fd = sys([&] { return ::openat(directory, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC); },
               "read '{}'", folder);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), ::closedir);
  while (dirent* entry = ::readdir(stream.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  return names;
}

// A lock that is held is a process that lives.
bool is_held(const os::Fd& file) {
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) {
    ::flock(file.get(), LOCK_UN);
    return false;
  }
  return true;
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

std::uint32_t random_below(std::uint32_t limit) {
  std::uint32_t number = 0;
  sys([&] { return ::getrandom(&number, sizeof number, 0); }, "get random bytes");
  return number % limit;
}

std::string made_up_name() {
  constexpr std::array kHow = {"amber",  "brisk", "calm",   "clear", "dawn",  "deep",
                               "eager",  "fair",  "gentle", "happy", "keen",  "light",
                               "merry",  "noble", "plain",  "quick", "quiet", "rapid",
                               "silver", "still", "swift",  "tidal", "warm",  "windy"};
  constexpr std::array kWhat = {"anchor", "barge",  "beacon", "buoy",  "canal",  "creek",
                                "delta",  "dory",   "ferry",  "fjord", "harbor", "heron",
                                "keel",   "lagoon", "mast",   "oar",   "otter",  "pier",
                                "punt",   "reef",   "river",  "sail",  "skiff",  "tern"};
  return fmt::format("{}_{}", kHow[random_below(kHow.size())], kWhat[random_below(kWhat.size())]);
}

}  // namespace

std::string new_container_id() {
  std::array<std::uint8_t, 32> bytes;
  sys([&] { return ::getrandom(bytes.data(), bytes.size(), 0); }, "get random bytes");
  std::string id;
  for (std::uint8_t byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    id += kDigits[byte >> 4];
    id += kDigits[byte & 15];
  }
  return id;
}

void check_container_name(std::string_view name) {
  auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  bool good = !name.empty() && name.size() <= 128 && is_word(name[0]);
  for (char c : name) good = good && (is_word(c) || c == '_' || c == '.' || c == '-');
  if (!good) {
    fail(ErrorKind::InvalidArgument,
         "'{}' is no container name: letters, digits, '_', '.' and '-', a letter or digit first",
         name);
  }
}

HeldContainer::HeldContainer(const LocalContainers& all, Record record, os::Fd lock)
    : all_(all),
      record_(std::move(record)),
      directory_(all.root() + "/" + folder_of(record_.id)),
      lock_(std::move(lock)) {}

HeldContainer::~HeldContainer() {
  if (!kept_) all_.remove_if_possible(record_.id);
}

void HeldContainer::write(const char* name, std::string_view contents) const {
  std::string path = folder_of(record_.id) + "/" + name;
  os::Fd file(sys(
      [&] {
        return ::openat(all_.directory_.get(), path.c_str(),
                        O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
      },
      "write '{}'", path));
  in_context([&] { return fmt::format("write '{}'", path); },
             [&] { os::write_all(file.get(), as_bytes(contents)); });
}

void HeldContainer::keep(const Exit& exit) {
  write("exit", fmt::format("{} {}", exit.code, exit.finished));
  kept_ = true;
}

LocalContainers::LocalContainers(std::string root)
    : root_(std::filesystem::absolute(root).lexically_normal()) {
  os::Fd top(sys([] { return ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC); }, "open '/'"));
  directory_ = os::make_directories(top.get(), root_, 0755, os::Scope::InRoot);
}

HeldContainer LocalContainers::create(Record record) const {
  int root = directory_.get();
  for (const char* folder : {"containers", "names", "ephemeral"}) make_folder(root, folder);
  make_folder(root, folder_of(record.id));
  // From here on a failure takes back what was made.
  struct Undo {
    const LocalContainers& all;
    std::string id;
    bool done = false;
    ~Undo() {
      if (!done) all.remove_if_possible(id);
    }
  } undo{*this, record.id};
  std::string path = record_of(record.id);
  os::Fd lock(
      sys([&] { return ::openat(root, path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); },
          "create '{}'", path));
  sys([&] { return ::flock(lock.get(), LOCK_EX); }, "lock '{}'", path);
  // Locked before it can be found there: a sweep never takes it for one that was left.
  if (record.remove_at_end) {
    std::string marker = "ephemeral/" + record.id;
    sys([&] { return ::linkat(root, path.c_str(), root, marker.c_str(), 0); }, "mark '{}'", path);
  }
  take_name(record);
  in_context([&] { return fmt::format("write '{}'", path); },
             [&] { os::write_all(lock.get(), as_bytes(to_json(record))); });
  undo.done = true;
  return HeldContainer(*this, std::move(record), std::move(lock));
}

void LocalContainers::take_name(Record& record) const {
  bool made_up = record.name.empty();
  if (!made_up) check_container_name(record.name);
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (made_up) record.name = made_up_name();
    std::string link = "names/" + record.name;
    if (::symlinkat(record.id.c_str(), directory_.get(), link.c_str()) == 0) return;
    if (errno != EEXIST) fail_errno(errno, "take the name '{}'", record.name);
    char holder[128] = {};
    if (::readlinkat(directory_.get(), link.c_str(), holder, sizeof holder - 1) < 0) continue;
    if (::faccessat(directory_.get(), record_of(holder).c_str(), F_OK, 0) != 0) {
      ::unlinkat(directory_.get(), link.c_str(), 0);  // of a container that is gone
    } else if (!made_up) {
      std::string name = std::move(record.name);
      record.name.clear();  // not ours to give back
      fail(ErrorKind::AlreadyExists, "name '{}' is already in use by container '{:.12}'", name,
           holder);
    }
  }
  record.name.clear();
  fail(ErrorKind::AlreadyExists, "no free name was found; give one with --name");
}

// The order lets whoever is interrupted be followed by a sweep: what says that there is something to
// remove goes last.
void LocalContainers::remove_folder(const Record& record) const {
  int root = directory_.get();
  if (!record.name.empty()) {
    std::string link = "names/" + record.name;
    char holder[128] = {};
    if (::readlinkat(root, link.c_str(), holder, sizeof holder - 1) >= 0 && holder == record.id) {
      ::unlinkat(root, link.c_str(), 0);
    }
  }
  os::Fd folder(::openat(root, "containers", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder.is_open()) os::remove_all_at(folder.get(), record.id);
  ::unlinkat(root, ("ephemeral/" + record.id).c_str(), 0);
}

std::optional<Listed> LocalContainers::load(const std::string& id) const {
  int root = directory_.get();
  os::Fd file(::openat(root, record_of(id).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return std::nullopt;
  bool running = is_held(file);
  auto text = os::read_file_if_exists(root, record_of(id), kMaxRecordBytes);
  if (!text || text->empty()) return std::nullopt;  // being made, or being removed
  return Listed{.record = in_context([&] { return fmt::format("container '{:.12}'", id); },
                                     [&] { return parse_record(*text); }),
                .running = running,
                .exit = parse_exit(os::read_file_if_exists(root, folder_of(id) + "/exit", 64))};
}

std::vector<Listed> LocalContainers::list() const {
  sweep();
  std::vector<Listed> all;
  if (::faccessat(directory_.get(), "containers", F_OK, 0) != 0) return all;
  for (const std::string& id : names_in(directory_.get(), "containers")) {
    if (auto listed = load(id)) all.push_back(std::move(*listed));
  }
  std::ranges::sort(all, [](const Listed& a, const Listed& b) {
    if (a.record.created != b.record.created) return a.record.created > b.record.created;
    return a.record.id < b.record.id;
  });
  return all;
}

Listed LocalContainers::find(std::string_view name_or_id) const {
  std::optional<Listed> found;
  for (Listed& listed : list()) {
    const Record& record = listed.record;
    if (record.name == name_or_id || record.id == name_or_id) return std::move(listed);
    if (name_or_id.empty() || !record.id.starts_with(name_or_id)) continue;
    if (found) fail(ErrorKind::InvalidArgument, "several ids begin with '{}'", name_or_id);
    found = std::move(listed);
  }
  if (!found) fail(ErrorKind::NotFound, "no container named '{}'", name_or_id);
  return std::move(*found);
}

namespace {

// Kills the container's init; its `wherry` then ends too, and lets go of the lock.
void kill_and_wait(int root, const Record& record) {
  auto text = os::read_file_if_exists(root, folder_of(record.id) + "/pid", 32);
  int pid = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), pid);
  os::Fd file(::openat(root, record_of(record.id).c_str(), O_RDONLY | O_CLOEXEC));
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

}  // namespace

void LocalContainers::remove(const Listed& listed, Running running) const {
  const Record& record = listed.record;
  if (listed.running) {
    if (running == Running::Refuse) {
      fail(ErrorKind::FailedPrecondition, "container '{}' is running; stop it first, or use -f",
           record.name);
    }
    kill_and_wait(directory_.get(), record);
  }
  remove_folder(record);
}

void LocalContainers::sweep() const {
  int root = directory_.get();
  if (::faccessat(root, "ephemeral", F_OK, 0) != 0) return;
  for (const std::string& id : names_in(root, "ephemeral")) {
    os::Fd file(::openat(root, ("ephemeral/" + id).c_str(), O_RDONLY | O_CLOEXEC));
    if (file.is_open() && !is_held(file)) remove_if_possible(id);
  }
}

void LocalContainers::remove_if_possible(const std::string& id) const noexcept {
  try {
    Record record{.id = id};
    for (const std::string& path : {record_of(id), "ephemeral/" + id}) {
      auto text = os::read_file_if_exists(directory_.get(), path, kMaxRecordBytes);
      if (!text || text->empty()) continue;
      record.name = parse_record(*text).name;
      break;
    }
    remove_folder(record);
  } catch (const Error&) {
    // Its ephemeral record, if it has one, is what the next sweep finds.
  }
}

}  // namespace wherry::container
