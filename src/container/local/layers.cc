#include "container/local/layers.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "base/error.h"
#include "container/local/state_directory.h"
#include "os/path_at.h"

namespace wherry::container {
namespace {

std::string name_of(std::string image, const std::string& id) {
  for (char& c : image) {
    if (c == ':') c = '-';
  }
  return image + '.' + id;
}

std::string id_of(const std::string& name) {
  std::size_t dot = name.find('.');
  return dot == std::string::npos ? std::string() : name.substr(dot + 1);
}

os::Fd open_folder(const std::string& path) {
  return os::Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

}  // namespace

const std::string& Layers::mount_points() const {
  constexpr std::array kNames = {"dev", "proc"};
  // The last to be made says that all are there.
  if (::access((mounts_ + "/" + kNames.back()).c_str(), F_OK) == 0) return mounts_;
  auto make = [](const std::string& path) {
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) fail_errno(errno, "make '{}'", path);
    sys([&] { return ::chmod(path.c_str(), 0755); }, "set the mode of '{}'", path);
  };
  make(mounts_);
  for (const char* name : kNames) make(mounts_ + "/" + name);
  return mounts_;
}

Layer Layers::make(const std::string& image, const std::string& id) const {
  Layer layer{.path = path_ + "/" + name_of(image, id), .lock = os::Fd()};
  return in_context([&] { return fmt::format("make the container's layer '{}'", layer.path); },
                    [&] {
                      // A sweep may come between a folder and its lock, and then leaves us a folder without a name.
                      for (;;) {
                        if (::mkdir(layer.path.c_str(), 0700) != 0) {
                          if (errno == ENOENT) ::mkdir(path_.c_str(), 0700);
                          sys([&] { return ::mkdir(layer.path.c_str(), 0700); }, "make folder");
                        }
                        layer.lock = open_folder(layer.path);
                        if (!layer.lock.is_open()) continue;
                        sys([&] { return ::flock(layer.lock.get(), LOCK_EX); }, "lock it");
                        struct stat status{};
                        sys([&] { return ::fstat(layer.lock.get(), &status); }, "look at it");
                        if (status.st_nlink > 0) break;
                      }
                      for (const char* folder : {"upper", "work"}) {
                        sys([&] { return ::mkdirat(layer.lock.get(), folder, 0755); },
                            "make folder '{}'", folder);
                      }
                      // The mode of the guest's "/", whatever the caller's umask.
                      sys([&] { return ::fchmodat(layer.lock.get(), "upper", 0755, 0); },
                          "set its mode");
                      return std::move(layer);
                    });
}

void Layers::remove(const std::string& id) const {
  os::Fd folder = open_folder(path_);
  if (!folder.is_open()) return;
  for (const std::string& name : names_in(folder.get(), ".")) {
    if (id_of(name) == id) os::remove_all_at(folder.get(), name);
  }
}

void Layers::sweep(std::size_t at_most,
                   const std::function<bool(const std::string& id)>& is_kept) const noexcept {
  (void)outcome_of([&] {
    os::Fd folder = open_folder(path_);
    if (!folder.is_open()) return true;
    for (const std::string& name : some_of(names_in(folder.get(), "."), at_most)) {
      os::Fd layer = open_folder(path_ + "/" + name);
      // Held until the folder is gone: whoever is making it waits, and makes another.
      if (!layer.is_open() || ::flock(layer.get(), LOCK_EX | LOCK_NB) != 0) continue;
      if (is_kept(id_of(name))) continue;
      os::remove_all_at(folder.get(), name);
    }
    return true;
  });
}

}  // namespace wherry::container
