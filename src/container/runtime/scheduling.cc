#include "container/runtime/scheduling.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace wherry::container {
namespace {

// The kernel's structure, which the C library has no name for (sched_setattr(2)).
struct SchedulerAttributes {
  std::uint32_t size = sizeof(SchedulerAttributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

struct Name {
  std::string_view name;
  unsigned value;
};
constexpr Name kPolicies[] = {{"SCHED_OTHER", 0},   {"SCHED_FIFO", 1}, {"SCHED_RR", 2},
                              {"SCHED_BATCH", 3},   {"SCHED_ISO", 4},  {"SCHED_IDLE", 5},
                              {"SCHED_DEADLINE", 6}};
constexpr Name kFlags[] = {{"SCHED_FLAG_RESET_ON_FORK", 0x01}, {"SCHED_FLAG_RECLAIM", 0x02},
                           {"SCHED_FLAG_DL_OVERRUN", 0x04},    {"SCHED_FLAG_KEEP_POLICY", 0x08},
                           {"SCHED_FLAG_KEEP_PARAMS", 0x10},   {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
                           {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40}};
// ioprio_set(2). Not from <linux/ioprio.h>, which some releases of the kernel wrote for C alone.
constexpr Name kIoClasses[] = {
    {"IOPRIO_CLASS_RT", 1}, {"IOPRIO_CLASS_BE", 2}, {"IOPRIO_CLASS_IDLE", 3}};
constexpr unsigned kIoClassShift = 13;
constexpr int kIoOfProcess = 1;

unsigned value_of(std::span<const Name> names, const std::string& name, const char* field) {
  auto found = std::ranges::find(names, name, &Name::name);
  if (found == names.end()) {
    fail(ErrorKind::InvalidArgument, "config.json: process.{}: unknown value '{}'", field, name);
  }
  return found->value;
}

void set_scheduler(const oci::RuntimeScheduler& wanted) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (wanted.priority < 0 || wanted.priority > kMost || wanted.nice < -kMost ||
      wanted.nice > kMost) {
    fail(ErrorKind::InvalidArgument, "config.json: process.scheduler: a number out of range");
  }
  SchedulerAttributes attributes{.policy = value_of(kPolicies, wanted.policy, "scheduler.policy"),
                                 .nice = static_cast<std::int32_t>(wanted.nice),
                                 .priority = static_cast<std::uint32_t>(wanted.priority),
                                 .runtime = wanted.runtime,
                                 .deadline = wanted.deadline,
                                 .period = wanted.period};
  for (const std::string& flag : wanted.flags) {
    attributes.flags |= value_of(kFlags, flag, "scheduler.flags");
  }
  sys([&] { return ::syscall(SYS_sched_setattr, 0, &attributes, 0); }, "be scheduled as {}",
      wanted.policy);
}

void set_io_priority(const oci::RuntimeIoPriority& wanted) {
  const unsigned io_class = value_of(kIoClasses, wanted.io_class, "ioPriority.class");
  if (wanted.priority < 0 || wanted.priority > 7) {
    fail(ErrorKind::InvalidArgument, "config.json: process.ioPriority.priority: {} is not 0 to 7",
         wanted.priority);
  }
  const unsigned value = io_class << kIoClassShift | static_cast<unsigned>(wanted.priority);
  sys([&] { return ::syscall(SYS_ioprio_set, kIoOfProcess, 0, value); },
      "set the priority of input and output to {} {}", wanted.io_class, wanted.priority);
}

[[noreturn]] void refuse_cpus(std::string_view list) {
  fail(ErrorKind::InvalidArgument,
       "config.json: process.execCPUAffinity: '{}' is no list of processors, as in '0-2,7'", list);
}

unsigned take_cpu(std::string_view& text, std::string_view list) {
  unsigned cpu = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cpu);
  if (error != std::errc() || cpu >= CPU_SETSIZE) refuse_cpus(list);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return cpu;
}

void run_on(std::string_view list) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  for (std::string_view rest = list; !rest.empty();) {
    const unsigned first = take_cpu(rest, list);
    unsigned last = first;
    if (rest.starts_with('-')) {
      rest.remove_prefix(1);
      last = take_cpu(rest, list);
    }
    if (last < first || (!rest.empty() && (rest[0] != ',' || rest.size() == 1))) refuse_cpus(list);
    for (unsigned cpu = first; cpu <= last; ++cpu) CPU_SET(cpu, &cpus);
    rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
  }
  sys([&] { return ::sched_setaffinity(0, sizeof cpus, &cpus); }, "run on the processors '{}'",
      list);
}

}  // namespace

void apply_scheduling(const oci::RuntimeScheduling& scheduling, bool is_exec) {
  if (is_exec && !scheduling.exec_cpus.empty()) run_on(scheduling.exec_cpus);
  if (scheduling.io_priority) set_io_priority(*scheduling.io_priority);
  if (scheduling.scheduler) set_scheduler(*scheduling.scheduler);
}

}  // namespace wherry::container
