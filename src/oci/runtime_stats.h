// What a container has used, as `events --stats` prints it: runc's JSON, which containerd and others
// read. Fields that are nothing are left out where runc leaves them out. Thread safety: values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace wherry::oci {

// Pressure stall information: what share of the time was lost waiting, in percent.
struct PressureStats {
  struct Line {
    double average_10s = 0;
    double average_60s = 0;
    double average_300s = 0;
    std::uint64_t total = 0;  // microseconds
  };
  Line some;
  Line full;
};

struct CpuStats {
  std::uint64_t total = 0;  // nanoseconds, as all of usage
  std::vector<std::uint64_t> per_cpu;
  std::vector<std::uint64_t> per_cpu_kernel;
  std::vector<std::uint64_t> per_cpu_user;
  std::uint64_t kernel = 0;
  std::uint64_t user = 0;
  std::uint64_t periods = 0;
  std::uint64_t throttled_periods = 0;
  std::uint64_t throttled_time = 0;
  std::optional<PressureStats> pressure;
};

struct CpusetStats {
  std::vector<std::uint16_t> cpus;
  std::vector<std::uint16_t> mems;
  // The flags of v1, by runc's names: "cpu_exclusive" and others.
  std::map<std::string, std::int64_t> flags;
};

struct MemoryCounter {
  std::uint64_t limit = 0;
  std::uint64_t usage = 0;
  std::uint64_t max = 0;
  std::uint64_t failures = 0;
};

struct MemoryStats {
  std::uint64_t cache = 0;
  MemoryCounter usage;
  MemoryCounter swap;  // memory and swap together
  MemoryCounter kernel;
  MemoryCounter kernel_tcp;
  std::map<std::string, std::uint64_t> raw;  // memory.stat
  std::optional<PressureStats> pressure;
};

struct BlockEntry {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::string operation;
  std::uint64_t value = 0;
};

struct BlockStats {
  std::map<std::string, std::vector<BlockEntry>> tables;  // by runc's names
  std::optional<PressureStats> pressure;
};

struct HugetlbStats {
  std::uint64_t usage = 0;
  std::uint64_t max = 0;
  std::uint64_t failures = 0;
};

struct RuntimeStats {
  CpuStats cpu;
  CpusetStats cpuset;
  MemoryStats memory;
  std::uint64_t pids = 0;
  std::uint64_t pids_limit = 0;  // 0: none
  BlockStats block;
  std::map<std::string, HugetlbStats> hugetlb;
};

// One line: {"type":"stats","id":ID,"data":{…}}.
std::string stats_event_json(const std::string& id, const RuntimeStats& stats);
// {"type":"oom","id":ID}
std::string oom_event_json(const std::string& id);

}  // namespace wherry::oci
