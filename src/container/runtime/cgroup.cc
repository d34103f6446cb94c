#include "container/runtime/cgroup.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "base/error.h"
#include "container/runtime/cgroup_stats.h"
#include "container/runtime/cgroup_systemd.h"

namespace wherry::container {
namespace {

using os::CgroupFolder;

// Asks until the answer is yes: often at first, then every 20 ms, for at most ten seconds.
template <typename Ask>
bool await(Ask&& ask) {
  using std::chrono::milliseconds;
  constexpr milliseconds kPatience{10'000};
  constexpr milliseconds kLongestPause{20};
  for (milliseconds waited{0}, pause{1}; waited < kPatience; waited += pause) {
    if (ask()) return true;
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
  return ask();
}

}  // namespace

bool Cgroup::Place::has(std::string_view controller) const {
  return os::CgroupHierarchy{.controllers = controllers}.has(controller);
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
    if (v2 ? places_[i].is_v2() : !places_[i].is_v2() && places_[i].has(controller)) {
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
      if (left && places_[i].has("freezer")) found->try_write("freezer.state", "THAWED");
    }
    return left == 0;
  });
  if (!gone) {
    fail(ErrorKind::Unavailable, "process {} in cgroup '{}' does not end", left,
         places_.back().path);
  }
}

void Cgroup::go_without() {
  remove();
  places_.clear();
  unit_.clear();
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
    systemd().stop(unit_);
  }
  for (const Place& place : places_) {
    // A process that has ended may still be leaving its groups.
    if (!await([&] { return os::remove_cgroup(place.mount, place.path); })) {
      fail(ErrorKind::Unavailable, "cgroup '{}{}' stays in use", place.mount, place.path);
    }
  }
}

}  // namespace wherry::container
