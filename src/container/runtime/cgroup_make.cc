// Making a group: its folders, its limits, its first process; and changing the limits later.
#include <fcntl.h>

#include <algorithm>

#include "base/error.h"
#include "container/runtime/cgroup.h"
#include "container/runtime/cgroup_limits.h"
#include "container/runtime/cgroup_systemd.h"

namespace wherry::container {
namespace {

using os::CgroupFolder;

// A new v1 cpuset allows nothing, and lets nobody in until it allows something: what its parent has.
void inherit_cpuset(const std::string& mount, const std::string& path) {
  if (path == "/") return;
  auto folder = CgroupFolder::open(mount, path);
  if (!folder) return;
  for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
    if (!folder->read(file).empty()) continue;
    inherit_cpuset(mount, os::cgroup_parent(path));
    auto parent = CgroupFolder::open(mount, os::cgroup_parent(path));
    if (parent) folder->write(file, parent->read(file));
  }
}

// Hands the controllers of a v2 group down to the one at path, as far as may be: those above that
// are not ours to change have been set up by whoever gave us ours, or the limit will say what lacks.
void enable_controllers(const std::string& mount, const std::string& path) {
  // "/", then "/a", then "/a/b".
  for (std::size_t end = 0;; end = std::min(path.find('/', end + 1), path.size())) {
    auto folder = CgroupFolder::open(mount, end == 0 ? "/" : path.substr(0, end));
    if (!folder) return;
    std::string available = " " + folder->read_if_exists("cgroup.controllers").value_or("") + " ";
    std::string enabled = " " + folder->read_if_exists("cgroup.subtree_control").value_or("") + " ";
    for (std::size_t from = 1, to; (to = available.find(' ', from)) != std::string::npos;
         from = to + 1) {
      std::string name = available.substr(from, to - from);
      if (name.empty() || enabled.find(" " + name + " ") != std::string::npos) continue;
      folder->try_write("cgroup.subtree_control", "+" + name);
    }
    if (path == "/" || end == path.size()) return;
  }
}

// Takes back what was made of a group. Not its caller's failure: that one is told already.
struct Undo {
  Cgroup& group;
  bool armed = true;
  ~Undo() {
    if (armed) outcome_of([&] { return group.go_without(), true; });
  }
};

CgroupVersion version_of(const Cgroup& group) {
  return group.is_v2() ? CgroupVersion::V2 : CgroupVersion::V1;
}

}  // namespace

// What is said of the first process that is in the group already.
std::optional<std::string> Cgroup::find_use() const {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (auto used = use_of(i)) return used;
  }
  return std::nullopt;
}

std::optional<std::string> Cgroup::use_of(std::size_t place) const {
  const CgroupFolder* found = folder_at(place);
  std::vector<pid_t> pids = found ? found->pids() : std::vector<pid_t>();
  if (pids.empty()) return std::nullopt;
  return fmt::format("cgroup '{}{}' is in use: process {} is in it", places_[place].mount,
                     places_[place].path, pids.front());
}

// It is somebody else's: only what we have just made is ours to remove.
void Cgroup::refuse_used(std::size_t used, const std::vector<bool>& new_ones) {
  std::string text = use_of(used).value_or("a cgroup is in use");
  std::vector<Place> ours;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (new_ones[i]) ours.push_back(places_[i]);
  }
  places_ = std::move(ours);
  unit_.clear();
  folders_.clear();
  fail(ErrorKind::FailedPrecondition, "{}", text);
}

// 0, or the errno value with which this user is denied it.
int Cgroup::make_folders() {
  folders_.resize(places_.size());
  std::vector<bool> new_ones(places_.size());
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    auto made = CgroupFolder::make(place.mount, place.path);
    if (made.error) return made.error;
    new_ones[i] = made.is_new;
    // What systemd has made has the first process in it.
    if (unit_.empty() && !made.is_new && !made.folder->pids().empty()) refuse_used(i, new_ones);
    folders_[i] = std::make_unique<CgroupFolder>(std::move(*made.folder));
    if (place.is_v2()) enable_controllers(place.mount, os::cgroup_parent(place.path));
    if (!place.is_v2() && place.has("cpuset")) inherit_cpuset(place.mount, place.path);
  }
  return 0;
}

int Cgroup::enter(pid_t pid) const {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    const CgroupFolder* found = folder_at(i);
    if (!found) fail(ErrorKind::NotFound, "cgroup '{}{}' is gone", place.mount, place.path);
    // Where systemd has moved it; doing it again would cost as much.
    std::vector<pid_t> inside = found->own_pids();
    if (std::ranges::find(inside, pid) != inside.end()) continue;
    int error = found->try_write("cgroup.procs", std::to_string(pid));
    if (error == EACCES || error == EPERM) return error;
    if (error) {
      fail_errno(error, "move process {} into cgroup '{}{}'", pid, place.mount, place.path);
    }
  }
  return 0;
}

void Cgroup::set_devices(const oci::RuntimeResources& resources) const {
  auto policy = device_policy(resources.devices);
  // A user namespace has no devices to give, and may not filter them.
  if (!policy || rootless_) return;
  if (!controllers_are_in_v2()) {
    apply_devices_v1([this](std::string_view name) { return folder(name); }, *policy);
  } else if (const CgroupFolder* found = folder("devices")) {
    os::attach_device_filter(found->get(), *policy);
  }
}

void Cgroup::set_limits(const oci::RuntimeResources& resources) const {
  if (!controllers_are_in_v2()) {
    apply_limits_v1([this](std::string_view name) { return folder(name); }, resources);
  } else if (const CgroupFolder* found = folder("memory")) {
    apply_limits_v2(*found, resources);
  }
}

Systemd Cgroup::systemd() const {
  return Systemd(user_manager_ ? SystemdInstance::User : SystemdInstance::System);
}

void Cgroup::check_places(const oci::RuntimeResources& resources) const {
  if (places_.empty() && has_limits(resources)) {
    fail(ErrorKind::FailedPrecondition,
         "linux.resources asks for limits, and there is no cgroup to set them in");
  }
}

bool Cgroup::make_empty(const oci::RuntimeResources& resources) {
  if (!unit_.empty() || rootless_) return false;
  check_places(resources);
  if (places_.empty()) return true;
  Undo undo{*this};
  int error = make_folders();
  if (!error) {
    set_limits(resources);
    set_devices(resources);
  } else if (has_limits(resources) || !may_go_without_) {
    fail_errno(error, "make cgroup '{}'", places_.back().path);
  }
  undo.armed = error != 0;
  return true;
}

os::CgroupEntrance Cgroup::entrance() const {
  os::CgroupEntrance into;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    const CgroupFolder* found = folder_at(i);
    if (!found) fail(ErrorKind::NotFound, "cgroup '{}{}' is gone", place.mount, place.path);
    const char* name = place.is_v2() ? "." : "tasks";
    int flags = O_CLOEXEC | (place.is_v2() ? O_RDONLY | O_DIRECTORY : O_WRONLY);
    os::Fd file(sys([&] { return ::openat(found->get(), name, flags); }, "enter cgroup '{}{}'",
                    place.mount, place.path));
    if (place.is_v2()) {
      into.v2 = std::move(file);
    } else {
      into.tasks.push_back(std::move(file));
    }
  }
  return into;
}

void Cgroup::make(pid_t first, const oci::RuntimeResources& resources) {
  check_places(resources);
  if (places_.empty()) return;
  if (!unit_.empty()) {
    // Systemd moves the process at once, so what is in use is found before.
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (use_of(i)) refuse_used(i, std::vector<bool>(places_.size()));
    }
  }
  bool limited = has_limits(resources);
  if (!unit_.empty()) {
    systemd().start({.slice = slice_, .unit = unit_}, "Wherry container " + id_, first, resources,
                    version_of(*this));
  }
  // The first process is one that this make() was to bring in: it may go with the group.
  Undo undo{*this};
  int error = make_folders();
  if (!error) {
    set_limits(resources);
    set_devices(resources);
    error = enter(first);
  }
  if (!error) {
    undo.armed = false;
  } else if (limited || !may_go_without_) {
    fail_errno(error, "make cgroup '{}'{}", places_.back().path,
               limited ? ", which limits are asked for" : "");
  }
}

void Cgroup::apply(const oci::RuntimeResources& resources) const {
  if (!any_folder()) {
    if (!has_limits(resources)) return;
    fail(ErrorKind::FailedPrecondition, "the container has no cgroup to set limits in");
  }
  if (!unit_.empty()) {
    systemd().set_limits(unit_, resources, version_of(*this));
  }
  oci::RuntimeResources whole = resources;
  // A limit of both together is one with that of memory, which may stay as it is.
  if (set_value(whole.memory.swap) && !set_value(whole.memory.limit)) {
    std::uint64_t limit = stats().memory.usage.limit;
    constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 62;
    if (limit < kUnlimited) whole.memory.limit = static_cast<std::int64_t>(limit);
  }
  set_limits(whole);
}

}  // namespace wherry::container
