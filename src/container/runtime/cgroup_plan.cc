// Where a container's group is to be, and how its record says so.
#include <algorithm>

#include "base/error.h"
#include "container/runtime/cgroup.h"
#include "container/runtime/cgroup_systemd.h"

namespace wherry::container {
namespace {

std::string joined(const std::string& base, const std::string& below) {
  if (base == "/") return below;
  return below == "/" ? base : base + below;
}

// Where the group of a cgroupfs path is in one hierarchy.
std::string place_in(const os::CgroupHierarchy& hierarchy, const CgroupRequest& request,
                     bool v2_alone) {
  if (request.path.starts_with('/')) return os::check_cgroup_path(request.path);
  std::string name = request.path.empty() ? "wherry-" + request.id : request.path;
  std::string base = v2_alone ? os::cgroup_parent(hierarchy.own) : hierarchy.own;
  return joined(base, os::check_cgroup_path(name));
}

}  // namespace

CgroupManager parse_cgroup_manager(std::string_view name) {
  if (name == "cgroupfs") return CgroupManager::Cgroupfs;
  if (name == "systemd") return CgroupManager::Systemd;
  if (name == "disabled") return CgroupManager::Disabled;
  fail(ErrorKind::InvalidArgument, "unknown cgroup manager '{}': cgroupfs, systemd or disabled",
       name);
}

Cgroup Cgroup::plan(const CgroupRequest& request) {
  Cgroup group;
  if (request.manager == CgroupManager::Disabled) return group;
  std::vector<os::CgroupHierarchy> hierarchies = os::find_cgroups();
  bool v2_alone = std::all_of(hierarchies.begin(), hierarchies.end(),
                              [](const os::CgroupHierarchy& one) { return one.is_v2(); });
  group.id_ = request.id;
  group.rootless_ = request.rootless;
  group.may_go_without_ = request.path.empty() || request.rootless;
  std::string below;
  if (request.manager == CgroupManager::Systemd) {
    SystemdName name = parse_systemd_name(request.path, request.id,
                                          request.rootless ? "user.slice" : "system.slice");
    group.user_manager_ = request.rootless;
    group.slice_ = name.slice;
    group.unit_ = name.unit;
    std::string slice = name.unit.ends_with(".slice") ? slice_path(name.unit)
                                                      : slice_path(name.slice) + "/" + name.unit;
    below = joined(group.systemd().control_group(), slice);
  }
  for (const os::CgroupHierarchy& hierarchy : hierarchies) {
    std::string path = below.empty() ? place_in(hierarchy, request, v2_alone) : below;
    if (path == "/") {
      fail(ErrorKind::InvalidArgument,
           "config.json: linux.cgroupsPath: '{}' is the top of the hierarchy", request.path);
    }
    group.places_.push_back(
        {.controllers = hierarchy.controllers, .mount = hierarchy.mount, .path = path});
  }
  if (auto used = group.find_use()) fail(ErrorKind::FailedPrecondition, "{}", *used);
  return group;
}

// One line for the manager, then one for each place: controllers, mount point and path, with tabs.
std::string Cgroup::saved() const {
  if (places_.empty()) return "";
  std::string text = unit_.empty() ? "cgroupfs" : user_manager_ ? "systemd-user " : "systemd ";
  text += unit_;
  for (const Place& place : places_) {
    text += fmt::format("\n{}\t{}\t{}", place.is_v2() ? "v2" : place.controllers, place.mount,
                        place.path);
  }
  return text;
}

Cgroup Cgroup::open(const std::string& saved) {
  Cgroup group;
  if (saved.empty()) return group;
  auto damaged = [&] {
    fail(ErrorKind::DataLoss, "the record of a cgroup is damaged: '{}'", saved);
  };
  std::size_t end = std::min(saved.find('\n'), saved.size());
  std::string first = saved.substr(0, end);
  std::string manager = first.substr(0, first.find(' '));
  group.user_manager_ = manager == "systemd-user";
  if (manager == "systemd" || group.user_manager_) {
    if (first.size() > manager.size()) group.unit_ = first.substr(manager.size() + 1);
    if (group.unit_.empty()) damaged();
  } else if (first != "cgroupfs") {
    damaged();
  }
  while (end < saved.size()) {
    std::size_t next = std::min(saved.find('\n', end + 1), saved.size());
    std::string line = saved.substr(end + 1, next - end - 1);
    end = next;
    std::size_t tab = line.find('\t');
    std::size_t second = tab == line.npos ? tab : line.find('\t', tab + 1);
    if (second == line.npos) damaged();
    Place place{.controllers = line.substr(0, tab),
                .mount = line.substr(tab + 1, second - tab - 1),
                .path = os::check_cgroup_path(line.substr(second + 1))};
    if (place.controllers.empty() || place.path == "/") damaged();
    if (place.controllers == "v2") place.controllers.clear();
    group.places_.push_back(std::move(place));
  }
  return group;
}

Cgroup Cgroup::of_process(pid_t pid) {
  Cgroup group;
  std::vector<os::CgroupHierarchy> ours = os::find_cgroups();
  for (const os::CgroupHierarchy& theirs : os::find_cgroups_of(pid)) {
    if (theirs.own == "/" || std::ranges::find(ours, theirs) != ours.end()) continue;
    group.places_.push_back(
        {.controllers = theirs.controllers, .mount = theirs.mount, .path = theirs.own});
  }
  return group;
}

}  // namespace wherry::container
