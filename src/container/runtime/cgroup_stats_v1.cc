#include <unistd.h>

#include <charconv>
#include <sstream>

#include "container/runtime/cgroup_stats.h"

namespace wherry::container {
namespace {

using os::CgroupFolder;

// cpuacct.stat counts in the ticks that the kernel shows to programs.
std::uint64_t nanoseconds(std::uint64_t ticks) {
  return ticks * (1000000000u / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

void read_cpu(const FindFolder& find, oci::CpuStats& cpu) {
  if (const os::CgroupFolder* folder = find("cpuacct")) {
    cpu.total = read_number(*folder, "cpuacct.usage");
    for (const auto& [name, value] :
         os::parse_cgroup_values(folder->read_if_exists("cpuacct.stat").value_or(""))) {
      if (name == "user") cpu.user = nanoseconds(value);
      if (name == "system") cpu.kernel = nanoseconds(value);
    }
    std::istringstream per_cpu(folder->read_if_exists("cpuacct.usage_percpu").value_or(""));
    for (std::uint64_t value; per_cpu >> value;) cpu.per_cpu.push_back(value);
    // A heading, then "cpu user system" of each.
    std::istringstream all(folder->read_if_exists("cpuacct.usage_all").value_or(""));
    std::string heading;
    std::getline(all, heading);
    for (std::uint64_t number, user, system; all >> number >> user >> system;) {
      cpu.per_cpu_user.push_back(user);
      cpu.per_cpu_kernel.push_back(system);
    }
  }
  if (const os::CgroupFolder* folder = find("cpu")) {
    for (const auto& [name, value] :
         os::parse_cgroup_values(folder->read_if_exists("cpu.stat").value_or(""))) {
      if (name == "nr_periods") cpu.periods = value;
      if (name == "nr_throttled") cpu.throttled_periods = value;
      if (name == "throttled_time") cpu.throttled_time = value;
    }
  }
}

void read_cpuset(const CgroupFolder& folder, oci::CpusetStats& cpuset) {
  cpuset.cpus = read_number_list(folder, "cpuset.cpus");
  cpuset.mems = read_number_list(folder, "cpuset.mems");
  for (const char* flag : {"cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate",
                           "memory_spread_page", "memory_spread_slab", "memory_pressure",
                           "sched_load_balance", "sched_relax_domain_level"}) {
    // A signed number: the last of them may be -1.
    std::string text = folder.read_if_exists(std::string("cpuset.") + flag).value_or("0");
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    cpuset.flags[flag] = value;
  }
}

oci::MemoryCounter read_counter(const CgroupFolder& folder, const std::string& prefix) {
  return {.limit = read_number(folder, prefix + "limit_in_bytes"),
          .usage = read_number(folder, prefix + "usage_in_bytes"),
          .max = read_number(folder, prefix + "max_usage_in_bytes"),
          .failures = read_number(folder, prefix + "failcnt")};
}

void read_memory(const CgroupFolder& folder, oci::MemoryStats& memory) {
  for (const auto& [name, value] :
       os::parse_cgroup_values(folder.read_if_exists("memory.stat").value_or(""))) {
    memory.raw[name] = value;
    if (name == "cache") memory.cache = value;
  }
  memory.usage = read_counter(folder, "memory.");
  memory.swap = read_counter(folder, "memory.memsw.");
  memory.kernel = read_counter(folder, "memory.kmem.");
  memory.kernel_tcp = read_counter(folder, "memory.kmem.tcp.");
}

// "8:0 Read 4096", and at the end "Total 8192", which is of no device.
std::vector<oci::BlockEntry> read_block_table(const CgroupFolder& folder, const std::string& file) {
  std::vector<oci::BlockEntry> entries;
  std::istringstream lines(folder.read_if_exists(file).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    oci::BlockEntry entry;
    char colon = 0;
    std::istringstream words(line);
    if (!(words >> entry.major >> colon >> entry.minor) || colon != ':') continue;
    std::string word;
    words >> word;
    if (auto number = os::parse_cgroup_number(word)) {  // a table without operations
      entry.value = *number;
    } else if (words >> entry.value) {
      entry.operation = word;
    } else {
      continue;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

void read_block(const CgroupFolder& folder, oci::BlockStats& block) {
  struct Table {
    const char* name;
    const char* file;      // of the scheduler that the kernel was built with
    const char* throttle;  // what counts where no scheduler does
  };
  constexpr Table kTables[] = {
      {"ioServiceBytesRecursive", "io_service_bytes_recursive",
       "blkio.throttle.io_service_bytes_recursive"},
      {"ioServicedRecursive", "io_serviced_recursive", "blkio.throttle.io_serviced_recursive"},
      {"ioQueueRecursive", "io_queued_recursive", nullptr},
      {"ioServiceTimeRecursive", "io_service_time_recursive", nullptr},
      {"ioWaitTimeRecursive", "io_wait_time_recursive", nullptr},
      {"ioMergedRecursive", "io_merged_recursive", nullptr},
      {"ioTimeRecursive", "time_recursive", nullptr},
      {"sectorsRecursive", "sectors_recursive", nullptr},
  };
  for (const Table& table : kTables) {
    std::vector<oci::BlockEntry> entries;
    for (const char* prefix : {"blkio.bfq.", "blkio."}) {
      if (entries.empty()) entries = read_block_table(folder, std::string(prefix) + table.file);
    }
    if (entries.empty() && table.throttle) entries = read_block_table(folder, table.throttle);
    if (!entries.empty()) block.tables[table.name] = std::move(entries);
  }
}

}  // namespace

oci::RuntimeStats read_stats_v1(const FindFolder& find) {
  oci::RuntimeStats stats;
  read_cpu(find, stats.cpu);
  if (const os::CgroupFolder* folder = find("cpuset")) read_cpuset(*folder, stats.cpuset);
  if (const os::CgroupFolder* folder = find("memory")) read_memory(*folder, stats.memory);
  if (const os::CgroupFolder* folder = find("pids")) {
    stats.pids = read_number(*folder, "pids.current");
    std::uint64_t limit = read_number(*folder, "pids.max");
    stats.pids_limit = ~limit == 0 ? 0 : limit;
  }
  if (const os::CgroupFolder* folder = find("blkio")) read_block(*folder, stats.block);
  if (const os::CgroupFolder* folder = find("hugetlb")) {
    for (const std::string& size : hugepage_sizes(*folder)) {
      std::string prefix = "hugetlb." + size + ".";
      stats.hugetlb[size] = {.usage = read_number(*folder, prefix + "usage_in_bytes"),
                             .max = read_number(*folder, prefix + "max_usage_in_bytes"),
                             .failures = read_number(*folder, prefix + "failcnt")};
    }
  }
  return stats;
}

}  // namespace wherry::container
