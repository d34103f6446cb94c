// How config.json's process is to be scheduled (runtime-spec 1.3, config.md, "Linux Process"), as plain
// values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wherry::oci {

struct RuntimeScheduler {
  std::string policy;  // "SCHED_BATCH"
  std::int64_t nice = 0;
  std::int64_t priority = 0;
  std::vector<std::string> flags;  // "SCHED_FLAG_RESET_ON_FORK"
  std::uint64_t runtime = 0;       // nanoseconds, as the next two
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
  bool operator==(const RuntimeScheduler&) const = default;
};

struct RuntimeIoPriority {
  std::string io_class;  // "IOPRIO_CLASS_BE"
  std::int64_t priority = 0;
  bool operator==(const RuntimeIoPriority&) const = default;
};

struct RuntimeScheduling {
  std::optional<RuntimeScheduler> scheduler;
  std::optional<RuntimeIoPriority> io_priority;
  std::string exec_cpus;  // execCPUAffinity.final: "0-2,7"; of an exec's process alone
  bool operator==(const RuntimeScheduling&) const = default;
};

}  // namespace wherry::oci
