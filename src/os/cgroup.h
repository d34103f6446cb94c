// Control groups as the kernel shows them: which hierarchies are mounted, and the files of a group.
//
// cgroup v1 has a hierarchy for each controller or few, v2 one for all; a hybrid machine has both,
// with the controllers in v1 and a v2 beside it that has none or few. Thread safety: stateless.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "os/fd.h"

namespace wherry::os {

struct CgroupHierarchy {
  // "cpu,cpuacct" or "name=systemd"; empty for v2, whose controllers each group lists.
  std::string controllers;
  std::string mount;  // where it is mounted
  std::string own;    // this process's group, from the mount point: "/" or "/user.slice/…"
  bool is_v2() const { return controllers.empty(); }
  // Requires: v1.
  bool has(std::string_view controller) const;
  bool operator==(const CgroupHierarchy&) const = default;
};

// All that are mounted, v2 last. Throws Error.
std::vector<CgroupHierarchy> find_cgroups();
// The same with `own` as the group of another process.
std::vector<CgroupHierarchy> find_cgroups_of(pid_t pid);
// The same from the text of /proc/self/mountinfo and /proc/self/cgroup.
std::vector<CgroupHierarchy> find_cgroups(std::string_view mountinfo, std::string_view memberships);

// The directory of one group. Its files are small and made by the kernel.
class CgroupFolder {
 public:
  // path is below mount and has no ".." in it: see check_cgroup_path(). Nothing where there is none.
  static std::optional<CgroupFolder> open(const std::string& mount, const std::string& path);
  // With all that is missing above it. The outcome for callers that decide on it: nothing, and errno
  // EACCES, EPERM or EROFS where this user may not. Throws Error for any other failure.
  struct Made;
  static Made make(const std::string& mount, const std::string& path);

  int get() const { return directory_.get(); }
  const std::string& path() const { return path_; }
  bool has(const std::string& file) const;

  // Without the newline at the end. Throws Error; nothing where there is no such file, or no longer.
  std::string read(const std::string& file) const;
  std::optional<std::string> read_if_exists(const std::string& file) const;
  // Throws Error "write '-1' to '/a/memory.max': …".
  void write(const std::string& file, std::string_view value) const;
  // The outcome for callers that decide on it: 0 or an errno value.
  int try_write(const std::string& file, std::string_view value) const;

  // Processes of this group alone, and of it and all groups below it.
  std::vector<pid_t> own_pids() const;
  std::vector<pid_t> pids() const;
  std::vector<CgroupFolder> children() const;

 private:
  CgroupFolder(Fd directory, std::string path)
      : directory_(std::move(directory)), path_(std::move(path)) {}
  static std::optional<CgroupFolder> open_below(int root, const std::string& mount,
                                                const std::string& path);
  std::string name_of(const std::string& file) const;

  Fd directory_;
  std::string path_;  // for messages
};

struct CgroupFolder::Made {
  std::optional<CgroupFolder> folder;
  int error = 0;
  bool is_new = false;  // there was none before
};

// By which a new process comes into a group. Moving one from outside makes the kernel wait until
// nobody on the machine forks or exits (cgroup_threadgroup_rwsem), some ten milliseconds; a process
// that is born in a group of v2, or has one thread and writes itself into a v1 group, need not.
struct CgroupEntrance {
  Fd v2;                  // the directory, for clone_child(); none where there is no v2
  std::vector<Fd> tasks;  // the `tasks` of every v1 group
  // For the new process, which has one thread. Throws Error.
  void enter_v1() const;
};

// Removes a group and all groups below it; one that is not there is success. False where processes
// are in it. Throws Error for any other failure.
bool remove_cgroup(const std::string& mount, const std::string& path);

// "/a/b", made of names that are not "." or ".." and hold no control character; doubled and
// trailing slashes are taken out. Throws Error(InvalidArgument).
std::string check_cgroup_path(std::string_view path);

// The group above one with such a path; "/" is its own.
std::string cgroup_parent(const std::string& path);

// A number from a file; "max" is all bits. Nothing for anything else.
std::optional<std::uint64_t> parse_cgroup_number(std::string_view text);

// "key value" lines, as in memory.stat.
struct CgroupValue {
  std::string name;
  std::uint64_t value = 0;
};
std::vector<CgroupValue> parse_cgroup_values(std::string_view text);

}  // namespace wherry::os
