// The folder of all containers of one runtime root (--root):
//
//   ROOT/<id>/            locked (flock) by whoever changes the container
//             state.json  see state_record.h; always whole
//             config.json as it was when the container was created; of a `run` in the foreground it
//                         is the bundle's own
//             start       a socket on which a created container's init waits
//
// Concurrency: any number of processes; those that change one container follow one another.
// Thread safety: none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "container/runtime/state_record.h"
#include "os/fd.h"

namespace wherry::container {

// One container's folder, locked for as long as this lives.
class StateFolder {
 public:
  StateFolder(std::string path, os::Fd folder)
      : path_(std::move(path)), folder_(std::move(folder)) {}

  const std::string& path() const { return path_; }
  int get() const { return folder_.get(); }
  void write(const char* name, std::string_view contents) const;
  std::optional<std::string> read(const char* name) const;
  void save(const StateRecord& record) const;

 private:
  std::string path_;
  os::Fd folder_;
};

class StateStore {
 public:
  // Makes nothing yet.
  explicit StateStore(std::string root) : root_(std::move(root)) {}

  // Throws Error(AlreadyExists) "a container with the id 'x' exists".
  StateFolder make(const std::string& id) const;
  // Waits for whoever is changing it. Throws Error(NotFound) "no container with the id 'x'".
  StateFolder open(const std::string& id) const;
  // Without waiting. Nothing where there is no such container, or none of it is written yet.
  std::optional<StateRecord> read(const std::string& id) const;
  bool exists(const std::string& id) const;
  // Whether somebody is changing it.
  bool is_busy(const std::string& id) const;
  std::vector<std::string> ids() const;
  // With everything in it.
  void remove(const StateFolder& folder, const std::string& id) const;

 private:
  std::string root_;
};

}  // namespace wherry::container
