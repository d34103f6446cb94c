// pause, resume, update, events: what a container's cgroup is for.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>

#include "base/error.h"
#include "cli/term/args.h"
#include "oci/runtime_stats.h"
#include "os/file.h"
#include "os/process_id.h"
#include "runtime.h"

namespace wherry::runtime {
namespace {

using cli::Arguments;
using cli::UsageError;
using container::Cgroup;
using container::Container;
using container::StateAndRecord;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

[[noreturn]] void refuse(const char* option, std::string_view text, const char* expected) {
  throw UsageError(fmt::format("'{} {}': expected {}", option, text, expected));
}

template <typename Number>
Number number_of(const char* option, std::string_view text) {
  Number value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    refuse(option, text, "a whole number");
  }
  return value;
}

// "-1", or a number of bytes with k, m, g or t behind it, as Docker writes sizes.
std::int64_t bytes_of(const char* option, std::string_view text) {
  constexpr const char* kExpected = "a number of bytes, as in '64m', or -1";
  if (text == "-1") return -1;
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.size() > 1 && (unit.back() == 'b' || unit.back() == 'B')) unit.remove_suffix(1);
  constexpr std::string_view kUnits = "bkmgt";
  char letter = unit.empty() ? 'b' : static_cast<char>(unit[0] | 0x20);
  std::size_t power = kUnits.find(letter);
  if (error != std::errc() || value < 0 || unit.size() > 1 || power == kUnits.npos ||
      value > std::numeric_limits<std::int64_t>::max() >> (10 * power)) {
    refuse(option, text, kExpected);
  }
  return value << (10 * power);
}

// "5s", "500ms", "2m"; a bare number is seconds.
milliseconds duration_of(const char* option, std::string_view text) {
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  std::int64_t factor = unit == "ms"                  ? 1
                        : unit.empty() || unit == "s" ? 1000
                        : unit == "m"                 ? 60'000
                                                      : 0;
  if (error != std::errc() || value <= 0 || value > 1'000'000 || factor == 0) {
    refuse(option, text, "a time, as in '5s'");
  }
  return milliseconds(value * factor);
}

// One option of `update` as it was given.
using Text = std::optional<std::string>;

struct UpdateOptions {
  Text resources, blkio_weight, cpu_period, cpu_quota, cpu_burst, cpu_share, cpu_rt_period,
      cpu_rt_runtime, cpuset_cpus, cpuset_mems, cpu_idle, memory, memory_reservation, memory_swap,
      kernel_memory, kernel_memory_tcp, pids_limit;
};

void declare(Arguments& arguments, UpdateOptions& options) {
  arguments.option("-r,--resources", "FILE", &options.resources,
                   "limits as linux.resources of config.json, '-' for standard input");
  arguments.option("--blkio-weight", "WEIGHT", &options.blkio_weight, "share of disks, 10 to 1000");
  arguments.option("--cpu-period", "USECS", &options.cpu_period, "a period of processor time");
  arguments.option("--cpu-quota", "USECS", &options.cpu_quota, "processor time in a period");
  arguments.option("--cpu-burst", "USECS", &options.cpu_burst, "what may be saved up for later");
  arguments.option("--cpu-share", "SHARES", &options.cpu_share, "share of processors");
  arguments.option("--cpu-rt-period", "USECS", &options.cpu_rt_period, "a period of real time");
  arguments.option("--cpu-rt-runtime", "USECS", &options.cpu_rt_runtime, "real time in a period");
  arguments.option("--cpu-idle", "0|1", &options.cpu_idle, "1: only time nobody else wants");
  arguments.option("--cpuset-cpus", "LIST", &options.cpuset_cpus, "processors, as in '0-2,7'");
  arguments.option("--cpuset-mems", "LIST", &options.cpuset_mems, "memory nodes");
  arguments.option("--memory", "BYTES", &options.memory, "limit of memory, as in '64m'");
  arguments.option("--memory-reservation", "BYTES", &options.memory_reservation,
                   "memory that is left to it where there is little");
  arguments.option("--memory-swap", "BYTES", &options.memory_swap,
                   "limit of memory and swap together");
  arguments.option("--kernel-memory", "BYTES", &options.kernel_memory,
                   "accepted: the kernel counts its memory with the rest");
  arguments.option("--kernel-memory-tcp", "BYTES", &options.kernel_memory_tcp,
                   "memory for TCP (cgroup v1)");
  arguments.option("--pids-limit", "COUNT", &options.pids_limit, "limit of processes");
}

std::string read_input() {
  std::string text;
  char buffer[4096];
  for (;;) {
    ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_errno(errno, "read the standard input");
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > oci::kMaxResourcesBytes) {
      fail(ErrorKind::ResourceExhausted, "read the standard input: it is larger than {} bytes",
           oci::kMaxResourcesBytes);
    }
  }
}

oci::RuntimeResources read_resources(const std::string& file) {
  if (file == "-") return oci::parse_runtime_resources(read_input());
  std::string text = os::read_file(AT_FDCWD, file, oci::kMaxResourcesBytes);
  return in_context([&] { return fmt::format("read '{}'", file); },
                    [&] { return oci::parse_runtime_resources(text); });
}

oci::RuntimeResources resources_of(const UpdateOptions& options) {
  oci::RuntimeResources wanted;
  if (options.resources) wanted = read_resources(*options.resources);
  auto number = [](const char* name, const Text& text, auto& field) {
    using Number = typename std::remove_reference_t<decltype(field)>::value_type;
    if (text) field = number_of<Number>(name, *text);
  };
  auto bytes = [](const char* name, const Text& text, std::optional<std::int64_t>& field) {
    if (text) field = bytes_of(name, *text);
  };
  number("--blkio-weight", options.blkio_weight, wanted.block.weight);
  number("--cpu-period", options.cpu_period, wanted.cpu.period);
  number("--cpu-quota", options.cpu_quota, wanted.cpu.quota);
  number("--cpu-burst", options.cpu_burst, wanted.cpu.burst);
  number("--cpu-share", options.cpu_share, wanted.cpu.shares);
  number("--cpu-rt-period", options.cpu_rt_period, wanted.cpu.realtime_period);
  number("--cpu-rt-runtime", options.cpu_rt_runtime, wanted.cpu.realtime_runtime);
  number("--cpu-idle", options.cpu_idle, wanted.cpu.idle);
  number("--pids-limit", options.pids_limit, wanted.pids_limit);
  bytes("--memory", options.memory, wanted.memory.limit);
  bytes("--memory-reservation", options.memory_reservation, wanted.memory.reservation);
  bytes("--memory-swap", options.memory_swap, wanted.memory.swap);
  bytes("--kernel-memory", options.kernel_memory, wanted.memory.kernel);
  bytes("--kernel-memory-tcp", options.kernel_memory_tcp, wanted.memory.kernel_tcp);
  if (options.cpuset_cpus) wanted.cpu.cpus = *options.cpuset_cpus;
  if (options.cpuset_mems) wanted.cpu.mems = *options.cpuset_mems;
  return wanted;
}

// Prints what is used every interval and each kill for want of memory at once, until the container
// ends.
void follow(const StateAndRecord& found, const Cgroup& cgroup, milliseconds interval) {
  const std::string& id = found.record.id;
  os::Fd init = os::open_process(found.record.init);
  auto watch = cgroup.watch_oom();
  std::uint64_t kills = cgroup.oom_kills();
  Clock::time_point next = Clock::now() + interval;
  bool ended = !init.is_open();
  while (!ended) {
    pollfd watched[] = {{.fd = init.get(), .events = POLLIN, .revents = 0},
                        {.fd = watch ? watch->fd.get() : -1, .events = POLLIN, .revents = 0}};
    auto left = std::chrono::ceil<milliseconds>(next - Clock::now()).count();
    int ready = ::poll(watched, 2, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30)));
    if (ready < 0 && errno != EINTR) fail_errno(errno, "wait for events of container '{}'", id);
    if (ready > 0 && watched[1].revents) watch->acknowledge();
    ended = ready > 0 && watched[0].revents;
    for (std::uint64_t now = cgroup.oom_kills(); kills < now; ++kills) {
      print(oci::oom_event_json(id) + "\n");
    }
    if (ended || Clock::now() < next) continue;
    print(oci::stats_event_json(id, cgroup.stats()) + "\n");
    next = Clock::now() + interval;
  }
}

}  // namespace

int pause(Runtime& runtime, VerbArguments command_line) {
  Arguments arguments;
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help("pause ID", "Makes a running container stand still.", "");
  Container::open(runtime.store, only_id(*operands, "pause"), runtime.warn)->pause();
  return 0;
}

int resume(Runtime& runtime, VerbArguments command_line) {
  Arguments arguments;
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help("resume ID", "Lets a paused container go on.", "");
  Container::open(runtime.store, only_id(*operands, "resume"), runtime.warn)->resume();
  return 0;
}

int update(Runtime& runtime, VerbArguments command_line) {
  UpdateOptions options;
  Arguments arguments;
  declare(arguments, options);
  auto operands = arguments.parse(command_line);
  if (!operands) {
    return show_help("update [OPTIONS] ID",
                     "Changes a container's limits; those that are not named stay.",
                     arguments.describe());
  }
  const std::string& id = only_id(*operands, "update");
  oci::RuntimeResources wanted = resources_of(options);
  Container::open(runtime.store, id, runtime.warn)->update(wanted);
  return 0;
}

int events(Runtime& runtime, VerbArguments command_line) {
  bool once = false;
  std::string interval_text = "5s";
  Arguments arguments;
  arguments.flag("--stats", &once, "print what is used now, and end");
  arguments.option("--interval", "TIME", &interval_text, "time between two prints (default: 5s)");
  auto operands = arguments.parse(command_line);
  if (!operands) {
    return show_help("events [OPTIONS] ID",
                     "Prints what a container uses, and when it runs out of memory, as JSON.",
                     arguments.describe());
  }
  milliseconds interval = duration_of("--interval", interval_text);
  StateAndRecord found = find(runtime, only_id(*operands, "events"));
  if (found.state == container::State::Stopped) {
    fail(ErrorKind::FailedPrecondition, "container '{}' is not running", found.record.id);
  }
  Cgroup cgroup = Cgroup::open(found.record.cgroup);
  if (once) {
    print(oci::stats_event_json(found.record.id, cgroup.stats()) + "\n");
  } else {
    follow(found, cgroup, interval);
  }
  return 0;
}

}  // namespace wherry::runtime
