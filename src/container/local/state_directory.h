// One directory of containers. `wherry` has two: one in its store for containers that stay after their
// end, and one in memory (a tmpfs, where the system has one) for those that go with it (--rm): making
// and removing a dozen small files of those costs nothing there.
//
//   DIR/containers/<id>/record        what it is, as JSON; locked (flock) as long as its `wherry` lives
//                       config.json   with rootfs/ the OCI bundle
//                       <id>/         the runtime's own state of it, while it runs
//                       pid           of its init, while it runs
//                       exit          "<code> <seconds since 1970>", written at the end
//   DIR/names/<name>                  a symbolic link to the id; made at once or not at all
//   DIR/ephemeral/<id>                the record of a container that was to go with its end
//
// The lock says who lives: the kernel drops it however a process ends. So a container is removed by
// whoever finds an ephemeral record that nobody holds, and a killed `wherry` leaves nothing for good.
//
// Concurrency: any number of processes. Thread safety: one object belongs to one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "container/local/record.h"
#include "os/fd.h"

namespace wherry::container {

class StateDirectory {
 public:
  // Makes it where it is missing. What is in it is its owner's alone.
  explicit StateDirectory(const std::string& path);

  const std::string& path() const { return path_; }  // absolute
  std::string folder_of(const std::string& id) const { return path_ + "/containers/" + id; }

  // A new container's folder; its record is empty until write_record(). Returns the lock that says
  // that it lives. Throws Error, and then has made nothing.
  os::Fd make(const Record& record) const;
  void write_record(const os::Fd& lock, const Record& record) const;
  // A file of the container's folder, new or replaced. Throws Error.
  void write(const std::string& id, const char* name, std::string_view contents) const;

  // False where a living container of this directory has the name.
  bool take_name(const std::string& name, const std::string& id) const;
  void give_name_back(const std::string& name, const std::string& id) const;
  // The id, empty for a name that is free.
  std::string holder_of(const std::string& name) const;

  bool has(const std::string& id) const;
  std::vector<std::string> ids() const;
  // None for a container that is being made or removed.
  std::optional<Listed> load(const std::string& id) const;
  // Waits until a container is let go, killing its init. Throws Error.
  void kill(const Record& record) const;
  // With its name. What says that there is something to remove goes last, so that whoever is
  // interrupted can be followed by a sweep.
  void remove(const Record& record) const;
  // The ids of ephemeral containers that nobody holds any more, found by looking at some of all.
  std::vector<std::string> abandoned(std::size_t at_most) const;
  // Of a container that may be half made or half removed.
  std::string name_of(const std::string& id) const;

 private:
  std::string path_;
  os::Fd directory_;
};

// Of a directory that may be missing; without "." and "..".
std::vector<std::string> names_in(int directory, const char* folder);
// At most so many, beginning anywhere: repeated, all of them come up.
std::vector<std::string> some_of(std::vector<std::string> names, std::size_t at_most);

}  // namespace wherry::container
