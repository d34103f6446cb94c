#include "container/runtime/state_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "os/file.h"
#include "os/path_at.h"

namespace wherry::container {
namespace {

constexpr std::size_t kMaxFileBytes = 64u << 20;
constexpr const char* kState = "state.json";
constexpr const char* kNextState = "state.json.next";

os::Fd open_folder(const std::string& path) {
  return os::Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

[[noreturn]] void fail_not_found(const std::string& id) {
  fail(ErrorKind::NotFound, "no container with the id '{}': it does not exist", id);
}

}  // namespace

void StateFolder::write(const char* name, std::string_view contents) const {
  os::Fd file(sys(
      [&] { return ::openat(folder_.get(), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); },
      "write '{}/{}'", path_, name));
  in_context([&] { return fmt::format("write '{}/{}'", path_, name); },
             [&] { os::write_all(file.get(), as_bytes(contents)); });
}

std::optional<std::string> StateFolder::read(const char* name) const {
  return os::read_file_if_exists(folder_.get(), name, kMaxFileBytes);
}

// Whole at any moment, but not on disk: it says nothing that outlives the machine.
void StateFolder::save(const StateRecord& record) const {
  write(kNextState, to_json(record));
  sys([&] { return ::renameat(folder_.get(), kNextState, folder_.get(), kState); }, "write '{}/{}'",
      path_, kState);
}

StateFolder StateStore::make(const std::string& id) const {
  std::string path = root_ + "/" + id;
  for (;;) {
    if (::mkdir(path.c_str(), 0700) != 0) {
      if (errno == EEXIST) {
        fail(ErrorKind::AlreadyExists, "a container with the id '{}' exists", id);
      }
      if (errno != ENOENT) fail_errno(errno, "make the state folder '{}'", path);
      std::error_code error;
      std::filesystem::create_directories(root_, error);
      if (error) fail_errno(error.value(), "make the folder of containers '{}'", root_);
      continue;
    }
    os::Fd folder = open_folder(path);
    if (!folder.is_open()) continue;
    sys([&] { return ::flock(folder.get(), LOCK_EX); }, "lock '{}'", path);
    struct stat status{};
    sys([&] { return ::fstat(folder.get(), &status); }, "look at '{}'", path);
    // Somebody removed by force what had no lock yet.
    if (status.st_nlink == 0) continue;
    return StateFolder(std::move(path), std::move(folder));
  }
}

StateFolder StateStore::open(const std::string& id) const {
  std::string path = root_ + "/" + id;
  os::Fd folder = open_folder(path);
  if (!folder.is_open()) fail_not_found(id);
  sys([&] { return ::flock(folder.get(), LOCK_EX); }, "lock '{}'", path);
  struct stat status{};
  sys([&] { return ::fstat(folder.get(), &status); }, "look at '{}'", path);
  if (status.st_nlink == 0) fail_not_found(id);
  return StateFolder(std::move(path), std::move(folder));
}

std::optional<StateRecord> StateStore::read(const std::string& id) const {
  auto text = os::read_file_if_exists(AT_FDCWD, root_ + "/" + id + "/" + kState, kMaxFileBytes);
  if (!text) return std::nullopt;
  return in_context([&] { return fmt::format("container '{}'", id); },
                    [&] { return parse_state_record(*text); });
}

bool StateStore::exists(const std::string& id) const {
  return open_folder(root_ + "/" + id).is_open();
}

bool StateStore::is_busy(const std::string& id) const {
  os::Fd folder = open_folder(root_ + "/" + id);
  return folder.is_open() && ::flock(folder.get(), LOCK_SH | LOCK_NB) != 0;
}

std::vector<std::string> StateStore::ids() const {
  std::vector<std::string> ids;
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(root_.c_str()), ::closedir);
  if (!stream) {
    if (errno == ENOENT) return ids;
    fail_errno(errno, "read the folder of containers '{}'", root_);
  }
  while (dirent* entry = ::readdir(stream.get())) {
    std::string name = entry->d_name;
    if (!name.starts_with('.')) ids.push_back(std::move(name));
  }
  return ids;
}

void StateStore::remove(const StateFolder& folder, const std::string& id) const {
  os::Fd root = open_folder(root_);
  if (!root.is_open()) return;
  // The state goes first: without it nothing is left to be found but an empty folder.
  ::unlinkat(folder.get(), kState, 0);
  os::remove_all_at(root.get(), id);
}

}  // namespace wherry::container
