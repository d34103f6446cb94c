// The containers that `wherry` made on this machine, as folders of the store:
//
//   ROOT/containers/<id>/record        what it is, as JSON; locked (flock) as long as its `wherry` lives
//                        config.json   with rootfs/ the OCI bundle
//                        upper/ work/  what the guest wrote (overlay)
//                        image         digest of the image it stands on: keeps `rmi` away
//                        pid           of its init, while it runs
//                        exit          "<code> <seconds since 1970>", written at the end
//   ROOT/names/<name>                  a symbolic link to the id; made at once or not at all
//   ROOT/ephemeral/<id>                the record of a container that was to go with its end (--rm)
//
// The lock says who lives: the kernel drops it however a process ends. So a container is removed by
// whoever finds an ephemeral record that nobody holds, and a killed `wherry` leaves nothing for good.
//
// Concurrency: any number of processes. Thread safety: one object belongs to one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/fd.h"

namespace wherry::container {

struct Record {
  std::string id;  // 64 hexadecimal digits
  std::string name;
  std::string image;    // as it was asked for
  std::string command;  // for people
  std::int64_t created = 0;
  bool remove_at_end = false;
  bool operator==(const Record&) const = default;
};

// Throws Error where it is no record.
Record parse_record(std::string_view text);
std::string to_json(const Record& record);

struct Exit {
  int code = 0;
  std::int64_t finished = 0;
};

struct Listed {
  Record record;
  bool running = false;
  std::optional<Exit> exit;  // none while it runs, and of one whose `wherry` was killed
};

class LocalContainers;

// A container that this process runs. Removes it when it goes, unless it was kept.
class HeldContainer {
 public:
  HeldContainer(const LocalContainers& all, Record record, os::Fd lock);
  ~HeldContainer();
  HeldContainer(HeldContainer&&) = delete;

  const Record& record() const { return record_; }
  const std::string& directory() const { return directory_; }  // absolute where the root is
  // A new file of the container's folder. Throws Error.
  void write(const char* name, std::string_view contents) const;
  // Leaves the container behind, ended.
  void keep(const Exit& exit);

 private:
  const LocalContainers& all_;
  Record record_;
  std::string directory_;
  os::Fd lock_;
  bool kept_ = false;
};

class LocalContainers {
 public:
  // Makes the folders that are missing.
  explicit LocalContainers(std::string root);

  // Makes a container's folder and takes its name. An empty name gets one made up. Throws Error
  // (AlreadyExists) "name 'x' is already in use by container '…'".
  HeldContainer create(Record record) const;

  // Newest first.
  std::vector<Listed> list() const;
  // By name, id, or an unambiguous beginning of an id. Throws Error(NotFound).
  Listed find(std::string_view name_or_id) const;

  // Removes a container; a running one only where it may be killed. Throws Error.
  enum class Running : bool { Refuse, Kill };
  void remove(const Listed& listed, Running running) const;

  // Removes the ephemeral containers that nobody holds any more.
  void sweep() const;

  const std::string& root() const { return root_; }

 private:
  friend class HeldContainer;
  void take_name(Record& record) const;
  void remove_folder(const Record& record) const;
  // For destructors and sweeps: what cannot be removed now is left for the next sweep.
  void remove_if_possible(const std::string& id) const noexcept;
  std::optional<Listed> load(const std::string& id) const;

  std::string root_;
  os::Fd directory_;
};

// 64 hexadecimal digits that nobody else has.
std::string new_container_id();

// "a-z A-Z 0-9 _ . -", beginning with a letter or digit: throws Error(InvalidArgument) otherwise.
void check_container_name(std::string_view name);

}  // namespace wherry::container
