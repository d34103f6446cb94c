#include "container/runtime/cgroup.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>

#include "base/error.h"
#include "container/runtime/cgroup_limits.h"
#include "container/runtime/cgroup_stats.h"
#include "container/runtime/cgroup_systemd.h"

namespace wherry::container {
namespace {

using os::CgroupFolder;

void sleep_milliseconds(long milliseconds) {
  timespec time{.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
  ::nanosleep(&time, nullptr);
}

// Asks until the answer is yes: often at first, then every 20 ms, for at most ten seconds.
template <typename Ask>
bool await(Ask&& ask) {
  constexpr long kPatience = 10000;
  for (long waited = 0, pause = 1; waited < kPatience; waited += pause) {
    if (ask()) return true;
    sleep_milliseconds(pause);
    pause = std::min(pause * 2, 20L);
  }
  return ask();
}

std::string joined(const std::string& base, const std::string& below) {
  if (base == "/") return below;
  return below == "/" ? base : base + below;
}

std::string parent_of(const std::string& path) {
  std::size_t slash = path.find_last_of('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

// Where the group of a cgroupfs path is in one hierarchy.
std::string place_in(const os::CgroupHierarchy& hierarchy, const CgroupRequest& request,
                     bool v2_alone) {
  if (request.path.starts_with('/')) return os::check_cgroup_path(request.path);
  std::string name = request.path.empty() ? "wherry-" + request.id : request.path;
  std::string base = v2_alone ? parent_of(hierarchy.own) : hierarchy.own;
  return joined(base, os::check_cgroup_path(name));
}

// A new v1 cpuset allows nothing, and lets nobody in until it allows something: what its parent has.
void inherit_cpuset(const std::string& mount, const std::string& path) {
  if (path == "/") return;
  auto folder = CgroupFolder::open(mount, path);
  if (!folder) return;
  for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
    if (!folder->read(file).empty()) continue;
    inherit_cpuset(mount, parent_of(path));
    auto parent = CgroupFolder::open(mount, parent_of(path));
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

bool is_named(const Cgroup::Place& place, std::string_view controller) {
  return os::CgroupHierarchy{.controllers = place.controllers}.has(controller);
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
    Systemd systemd(request.rootless ? SystemdInstance::User : SystemdInstance::System);
    std::string slice = name.unit.ends_with(".slice") ? slice_path(name.unit)
                                                      : slice_path(name.slice) + "/" + name.unit;
    below = joined(systemd.control_group(), slice);
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

bool Cgroup::controllers_are_in_v2() const {
  return std::none_of(places_.begin(), places_.end(), [](const Place& place) {
    return !place.is_v2() && !place.controllers.starts_with("name=");
  });
}

const CgroupFolder* Cgroup::folder_at(std::size_t place) const {
  folders_.resize(places_.size());
  if (!folders_[place]) {
    if (auto found = CgroupFolder::open(places_[place].mount, places_[place].path)) {
      folders_[place] = std::make_unique<CgroupFolder>(std::move(*found));
    }
  }
  return folders_[place].get();
}

const CgroupFolder* Cgroup::folder(std::string_view controller) const {
  bool v2 = controllers_are_in_v2();
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (v2 ? places_[i].is_v2() : !places_[i].is_v2() && is_named(places_[i], controller)) {
      return folder_at(i);
    }
  }
  return nullptr;
}

// v2 is also of use beside v1: it ends and stops everything at once.
const CgroupFolder* Cgroup::v2_folder_with(const char* file) const {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (!places_[i].is_v2()) continue;
    const CgroupFolder* found = folder_at(i);
    if (found && found->has(file)) return found;
  }
  return nullptr;
}

const CgroupFolder* Cgroup::any_folder() const {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (const CgroupFolder* found = folder_at(i)) return found;
  }
  return nullptr;
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
    if (place.is_v2()) enable_controllers(place.mount, parent_of(place.path));
    if (!place.is_v2() && is_named(place, "cpuset")) inherit_cpuset(place.mount, place.path);
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

void Cgroup::go_without() {
  remove();
  places_.clear();
  unit_.clear();
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
    Systemd(user_manager_ ? SystemdInstance::User : SystemdInstance::System)
        .start({.slice = slice_, .unit = unit_}, "Wherry container " + id_, first, resources,
               controllers_are_in_v2() ? CgroupVersion::V2 : CgroupVersion::V1);
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
    Systemd(user_manager_ ? SystemdInstance::User : SystemdInstance::System)
        .set_limits(unit_, resources,
                    controllers_are_in_v2() ? CgroupVersion::V2 : CgroupVersion::V1);
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

oci::RuntimeStats Cgroup::stats() const {
  if (!any_folder()) {
    fail(ErrorKind::FailedPrecondition, "the container has no cgroup, which counts what it uses");
  }
  if (!controllers_are_in_v2()) {
    return read_stats_v1([this](std::string_view name) { return folder(name); });
  }
  const CgroupFolder* found = folder("memory");
  return found ? read_stats_v2(*found) : oci::RuntimeStats();
}

std::vector<pid_t> Cgroup::pids() const {
  const CgroupFolder* found = any_folder();
  return found ? found->pids() : std::vector<pid_t>();
}

os::Fd Cgroup::memory_limit_file() const {
  const CgroupFolder* found = folder("memory");
  if (!found) return {};
  const char* file = controllers_are_in_v2() ? "memory.max" : "memory.limit_in_bytes";
  return os::Fd(::openat(found->get(), file, O_RDONLY | O_CLOEXEC));
}

std::optional<std::uint64_t> Cgroup::exceeded_process_limit(std::uint64_t more) const {
  const CgroupFolder* found = folder("pids");
  if (!found) return std::nullopt;
  auto limit = os::parse_cgroup_number(found->read_if_exists("pids.max").value_or("max"));
  auto current = os::parse_cgroup_number(found->read_if_exists("pids.current").value_or("0"));
  if (!limit || !current || *current + more <= *limit) return std::nullopt;
  return limit;
}

std::uint64_t Cgroup::oom_kills() const {
  const CgroupFolder* found = folder("memory");
  if (!found) return 0;
  const char* file = controllers_are_in_v2() ? "memory.events" : "memory.oom_control";
  for (const auto& [name, value] :
       os::parse_cgroup_values(found->read_if_exists(file).value_or(""))) {
    if (name == "oom_kill") return value;
  }
  return 0;
}

std::optional<Cgroup::OomWatch> Cgroup::watch_oom() const {
  const CgroupFolder* found = folder("memory");
  if (!found) return std::nullopt;
  if (controllers_are_in_v2()) {
    if (!found->has("memory.events")) return std::nullopt;
    os::Fd watch(sys([] { return ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }, "watch a cgroup"));
    std::string file = fmt::format("/proc/self/fd/{}/memory.events", found->get());
    sys([&] { return ::inotify_add_watch(watch.get(), file.c_str(), IN_MODIFY); },
        "watch a cgroup's memory.events");
    return OomWatch{std::move(watch)};
  }
  // The kernel raises the event after it has told the group's own watchers (cgroup v1,
  // memory.txt, "OOM Control").
  os::Fd event(sys([] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }, "make an eventfd"));
  os::Fd control(
      sys([&] { return ::openat(found->get(), "memory.oom_control", O_RDONLY | O_CLOEXEC); },
          "open a cgroup's memory.oom_control"));
  found->write("cgroup.event_control", fmt::format("{} {}", event.get(), control.get()));
  return OomWatch{std::move(event)};
}

void Cgroup::OomWatch::acknowledge() const {
  char buffer[4096];
  while (::read(fd.get(), buffer, sizeof buffer) > 0) {
  }
}

void Cgroup::freeze() const {
  if (const CgroupFolder* v2 = v2_folder_with("cgroup.freeze")) {
    v2->write("cgroup.freeze", "1");
    bool frozen = await([&] {
      std::string events = v2->read_if_exists("cgroup.events").value_or("frozen 1");
      return events.find("frozen 1") != std::string::npos;
    });
    if (frozen) return;
    v2->try_write("cgroup.freeze", "0");
  } else if (const CgroupFolder* v1 = folder("freezer")) {
    // A process that is just being made escapes; asking again catches it.
    bool frozen = await([&] {
      v1->try_write("freezer.state", "FROZEN");
      return v1->read_if_exists("freezer.state").value_or("FROZEN") == "FROZEN";
    });
    if (frozen) return;
    v1->try_write("freezer.state", "THAWED");
  } else {
    fail(ErrorKind::FailedPrecondition, "the container has no cgroup that could be frozen");
  }
  fail(ErrorKind::Unavailable, "its processes do not come to a halt within 10 seconds");
}

void Cgroup::thaw() const {
  if (const CgroupFolder* v2 = v2_folder_with("cgroup.freeze")) v2->write("cgroup.freeze", "0");
  if (controllers_are_in_v2()) return;
  if (const CgroupFolder* v1 = folder("freezer")) v1->write("freezer.state", "THAWED");
}

void Cgroup::kill_all() const {
  const CgroupFolder* all_at_once = v2_folder_with("cgroup.kill");
  pid_t left = 0;
  bool gone = await([&] {
    if (all_at_once) all_at_once->try_write("cgroup.kill", "1");
    left = 0;
    // Every hierarchy is asked: a runtime that was killed may have entered only some of them.
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const CgroupFolder* found = folder_at(i);
      if (!found) continue;
      for (pid_t pid : found->pids()) {
        ::kill(pid, SIGKILL);
        left = pid;
      }
      // In v1 a frozen process does not end before it is thawed.
      if (left && is_named(places_[i], "freezer")) found->try_write("freezer.state", "THAWED");
    }
    return left == 0;
  });
  if (!gone) {
    fail(ErrorKind::Unavailable, "process {} in cgroup '{}' does not end", left,
         places_.back().path);
  }
}

void Cgroup::remove() const {
  if (places_.empty()) return;
  folders_.clear();
  if (unit_.empty()) {
    // Mostly nobody is left in it, and then it need not be looked at first.
    bool gone = true;
    for (const Place& place : places_) gone = os::remove_cgroup(place.mount, place.path) && gone;
    if (gone) return;
  }
  kill_all();
  folders_.clear();
  if (!unit_.empty()) {
    Systemd(user_manager_ ? SystemdInstance::User : SystemdInstance::System).stop(unit_);
  }
  for (const Place& place : places_) {
    // A process that has ended may still be leaving its groups.
    if (!await([&] { return os::remove_cgroup(place.mount, place.path); })) {
      fail(ErrorKind::Unavailable, "cgroup '{}{}' stays in use", place.mount, place.path);
    }
  }
}

}  // namespace wherry::container
