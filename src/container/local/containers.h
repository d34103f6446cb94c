// The containers that `wherry` made on this machine: made, found by name or id, removed. Those that stay
// after their end are in the store (ROOT), those that go with it in another directory (RUN_ROOT); what a
// guest writes is in a layer on disk, in the store, for both. See state_directory.h and layers.h.
//
// Concurrency: any number of processes. Thread safety: one object belongs to one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "container/local/layers.h"
#include "container/local/record.h"
#include "container/local/state_directory.h"
#include "os/fd.h"

namespace wherry::container {

class LocalContainers;

// A container that this process runs. Removes it when it goes, unless it was kept.
class HeldContainer {
 public:
  HeldContainer(const LocalContainers& all, Record record, os::Fd lock);
  ~HeldContainer();
  HeldContainer(HeldContainer&&) = delete;

  const Record& record() const { return record_; }
  const std::string& directory() const { return directory_; }  // absolute
  // A new file of the container's folder. Throws Error.
  void write(const char* name, std::string_view contents) const;
  // Makes the container's layer above an image, which from now on is not removed. Returns the folder
  // that has upper/ and work/. Throws Error.
  const std::string& make_layer(const std::string& image_digest);
  // The folder to mount below the image, see layers.h. Throws Error.
  const std::string& mount_points() const;
  // Leaves the container behind, ended.
  void keep(const Exit& exit);

 private:
  const LocalContainers& all_;
  Record record_;
  std::string directory_;
  os::Fd lock_;
  Layer layer_;
  bool kept_ = false;
};

class LocalContainers {
 public:
  // Two different folders; makes those that are missing.
  LocalContainers(const std::string& root, const std::string& run_root);

  // Where a container's folder is, or will be: its id and what becomes of it at its end say so.
  std::string folder_of(const Record& record) const { return home_of(record).folder_of(record.id); }
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

  // Removes what killed processes left. Whoever only wants to start a container looks at a few of many
  // others: all of them, one after another, do the rest.
  static constexpr std::size_t kAll = static_cast<std::size_t>(-1);
  void sweep(std::size_t at_most = kAll) const;

 private:
  friend class HeldContainer;
  const StateDirectory& home_of(const Record& record) const {
    return record.remove_at_end ? passing_ : lasting_;
  }
  // Empty where the container has the name now; else the id of the one that has it.
  std::string claim(const std::string& name, const Record& wanting) const;
  void take_name(const std::string& name, const Record& record) const;
  std::string free_name(const Record& record) const;
  void remove(const Record& record) const;
  // For destructors and sweeps: what cannot be removed now is left for the next sweep.
  void remove_if_possible(const Record& record) const noexcept;

  StateDirectory lasting_;
  StateDirectory passing_;
  Layers layers_;
};

// 64 hexadecimal digits that nobody else has.
std::string new_container_id();

}  // namespace wherry::container
