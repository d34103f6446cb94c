// A container's control group: where it is, what it limits, who is in it, what it has used.
//
// linux.cgroupsPath says where (config-linux.md, "Cgroups Path"). With the cgroupfs manager it is a
// path: absolute from the top of each hierarchy; relative, or empty for "wherry-<id>", from the
// group of this process (of its parent group in v2 alone, where a group holds either processes or
// limited groups). With systemd it is "slice:prefix:name" and the group is that of the scope
// prefix-name.scope, or of the slice where name ends in ".slice"; systemd is asked over D-Bus.
//
//   plan() ── saved() goes into the state record ── make() ── … ── remove()
//
// so that whatever a runtime that was killed had made can be found and removed.
// Throws Error. Thread safety: none.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/runtime_resources.h"
#include "oci/runtime_stats.h"
#include "os/cgroup.h"
#include "os/fd.h"

namespace wherry::container {

class Systemd;

enum class CgroupManager : std::uint8_t {
  Cgroupfs,
  Systemd,
  Disabled,  // no group at all
};
// "cgroupfs", "systemd", "disabled". Throws Error(InvalidArgument).
CgroupManager parse_cgroup_manager(std::string_view name);

struct CgroupRequest {
  std::string id;
  std::string path;  // linux.cgroupsPath
  CgroupManager manager = CgroupManager::Cgroupfs;
  // An ordinary user, or root of a user namespace: goes without a group where it may not make the
  // one named and no limit is asked for. (Where none is named, everybody does.)
  bool rootless = false;
};

class Cgroup {
 public:
  // Decides where the group will be. Changes nothing. Throws Error(FailedPrecondition) where
  // processes are in that group already.
  static Cgroup plan(const CgroupRequest& request);
  // From saved().
  static Cgroup open(const std::string& saved);
  // The one a process stands in, whoever made it, without the hierarchies in which that is this
  // process's own: for looking at, not for removal.
  static Cgroup of_process(pid_t pid);
  // Empty where there is no group, as after a make() that had to go without.
  std::string saved() const;
  bool exists() const { return !places_.empty(); }
  // Removes it, and from then on there is none.
  void go_without();
  // Whether it is v2 that counts and limits.
  bool is_v2() const { return controllers_are_in_v2(); }

  // Makes the group with its limits. On failure nothing of it is left. False where that takes a
  // process to begin with: for systemd, and for those who may be denied the group, which shows when
  // a process is moved.
  bool make_empty(const oci::RuntimeResources& resources);
  // Makes the group with its limits and moves a process into it. On failure nothing of it is left.
  void make(pid_t first, const oci::RuntimeResources& resources);
  // For processes that are to be born in it. Requires: it is made.
  os::CgroupEntrance entrance() const;
  // Changes limits; what resources does not mention stays, and so do the devices.
  void apply(const oci::RuntimeResources& resources) const;

  oci::RuntimeStats stats() const;
  // Processes of the group and of those below it.
  std::vector<pid_t> pids() const;
  // The file that tells the limit of its memory, for reading; none where it has none.
  os::Fd memory_limit_file() const;
  // Whether its limit of processes is exceeded, or would be with so many more; then the limit.
  std::optional<std::uint64_t> exceeded_process_limit(std::uint64_t more) const;
  // How many processes the kernel has ended because the limit of memory was reached.
  std::uint64_t oom_kills() const;
  // Becomes readable when oom_kills() may have changed; then call acknowledge(). Nothing where there
  // is no memory controller.
  struct OomWatch {
    os::Fd fd;
    void acknowledge() const;
  };
  std::optional<OomWatch> watch_oom() const;

  // Returns when every process in it stands still.
  void freeze() const;
  void thaw() const;
  // Returns when no process is left in it.
  void kill_all() const;
  // With whatever is below it; kills what is still in it. A group that is gone is success.
  void remove() const;

  // One directory in one hierarchy.
  struct Place {
    std::string controllers;  // see os::CgroupHierarchy; empty for v2
    std::string mount;
    std::string path;
    bool is_v2() const { return controllers.empty(); }
    // Requires: v1.
    bool has(std::string_view controller) const;
  };

 private:
  void check_places(const oci::RuntimeResources& resources) const;
  // Throws Error(FailedPrecondition) where somebody is in one that was there already.
  int make_folders();
  int enter(pid_t pid) const;
  void set_devices(const oci::RuntimeResources& resources) const;
  void set_limits(const oci::RuntimeResources& resources) const;
  std::optional<std::string> find_use() const;
  bool controllers_are_in_v2() const;
  Systemd systemd() const;
  // Null where it is not there. Each is opened once, and the pointer good until remove() or make().
  const os::CgroupFolder* folder_at(std::size_t place) const;
  const os::CgroupFolder* folder(std::string_view controller) const;
  const os::CgroupFolder* v2_folder_with(const char* file) const;
  const os::CgroupFolder* any_folder() const;
  std::optional<std::string> use_of(std::size_t place) const;
  [[noreturn]] void refuse_used(std::size_t used, const std::vector<bool>& new_ones);

  std::vector<Place> places_;
  mutable std::vector<std::unique_ptr<os::CgroupFolder>>
      folders_;                // of the places, as far as opened
  std::string unit_;           // of systemd; empty with cgroupfs
  bool user_manager_ = false;  // the user's systemd, not the machine's
  // What only make() asks for, and is not saved.
  std::string id_;
  std::string slice_;
  bool may_go_without_ = false;
  bool rootless_ = false;
};

}  // namespace wherry::container
