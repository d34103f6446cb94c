#include <sstream>

#include "container/runtime/cgroup_stats.h"

namespace wherry::container {
namespace {

using os::CgroupFolder;

constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

std::optional<oci::PressureStats> read_pressure(const CgroupFolder& folder, const char* file) {
  return parse_pressure(folder.read_if_exists(file).value_or(""));
}

void read_cpu(const CgroupFolder& folder, oci::CpuStats& cpu) {
  for (const auto& [name, value] :
       os::parse_cgroup_values(folder.read_if_exists("cpu.stat").value_or(""))) {
    if (name == "usage_usec") cpu.total = value * 1000;
    if (name == "user_usec") cpu.user = value * 1000;
    if (name == "system_usec") cpu.kernel = value * 1000;
    if (name == "nr_periods") cpu.periods = value;
    if (name == "nr_throttled") cpu.throttled_periods = value;
    if (name == "throttled_usec") cpu.throttled_time = value * 1000;
  }
  cpu.pressure = read_pressure(folder, "cpu.pressure");
}

// Readers of runc's numbers know swap as memory and swap together, as v1 has it.
void read_memory(const CgroupFolder& folder, oci::MemoryStats& memory) {
  for (const auto& [name, value] :
       os::parse_cgroup_values(folder.read_if_exists("memory.stat").value_or(""))) {
    memory.raw[name] = value;
    if (name == "file") memory.cache = value;
  }
  memory.usage = {.limit = read_number(folder, "memory.max"),
                  .usage = read_number(folder, "memory.current"),
                  .max = read_number(folder, "memory.peak")};
  std::uint64_t swap_limit = read_number(folder, "memory.swap.max");
  bool unlimited = swap_limit == kUnlimited || memory.usage.limit == kUnlimited;
  memory.swap = {.limit = unlimited ? kUnlimited : swap_limit + memory.usage.limit,
                 .usage = read_number(folder, "memory.swap.current") + memory.usage.usage};
  memory.pressure = read_pressure(folder, "memory.pressure");
}

// "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0"
void read_block(const CgroupFolder& folder, oci::BlockStats& block) {
  struct Key {
    std::string_view name;
    const char* table;
    const char* operation;
  };
  constexpr Key kKeys[] = {{"rbytes", "ioServiceBytesRecursive", "Read"},
                           {"wbytes", "ioServiceBytesRecursive", "Write"},
                           {"rios", "ioServicedRecursive", "Read"},
                           {"wios", "ioServicedRecursive", "Write"}};
  std::istringstream lines(folder.read_if_exists("io.stat").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    oci::BlockEntry entry;
    char colon = 0;
    if (!(words >> entry.major >> colon >> entry.minor) || colon != ':') continue;
    for (std::string word; words >> word;) {
      std::size_t equals = word.find('=');
      if (equals == word.npos) continue;
      auto value = os::parse_cgroup_number(std::string_view(word).substr(equals + 1));
      for (const Key& key : kKeys) {
        if (!value || std::string_view(word).substr(0, equals) != key.name) continue;
        entry.operation = key.operation;
        entry.value = *value;
        block.tables[key.table].push_back(entry);
      }
    }
  }
  block.pressure = read_pressure(folder, "io.pressure");
}

}  // namespace

oci::RuntimeStats read_stats_v2(const CgroupFolder& folder) {
  oci::RuntimeStats stats;
  read_cpu(folder, stats.cpu);
  stats.cpuset.cpus = read_number_list(folder, "cpuset.cpus");
  stats.cpuset.mems = read_number_list(folder, "cpuset.mems");
  read_memory(folder, stats.memory);
  stats.pids =
      folder.has("pids.current") ? read_number(folder, "pids.current") : folder.pids().size();
  std::uint64_t limit = read_number(folder, "pids.max");
  stats.pids_limit = limit == kUnlimited ? 0 : limit;
  read_block(folder, stats.block);
  for (const std::string& size : hugepage_sizes(folder)) {
    std::string prefix = "hugetlb." + size + ".";
    oci::HugetlbStats& one = stats.hugetlb[size];
    one.usage = read_number(folder, prefix + "current");
    for (const auto& [name, value] :
         os::parse_cgroup_values(folder.read_if_exists(prefix + "events").value_or(""))) {
      if (name == "max") one.failures = value;
    }
  }
  return stats;
}

}  // namespace wherry::container
