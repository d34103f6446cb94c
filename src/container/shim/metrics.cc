#include "container/shim/metrics.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "container/shim/common.pb.h"
#include "container/shim/metrics.pb.h"

namespace wherry::shim {
namespace {

using Raw = std::map<std::string, std::uint64_t>;

// A line of memory.stat, and the field it is sent as.
template <typename Message>
struct Field {
  std::string_view name;
  void (Message::*set)(std::uint64_t);
};

using V1 = wire::MemoryStatV1;
constexpr std::array kMemoryV1 = {
    Field<V1>{"cache", &V1::set_cache},
    Field<V1>{"rss", &V1::set_rss},
    Field<V1>{"rss_huge", &V1::set_rss_huge},
    Field<V1>{"mapped_file", &V1::set_mapped_file},
    Field<V1>{"dirty", &V1::set_dirty},
    Field<V1>{"writeback", &V1::set_writeback},
    Field<V1>{"pgpgin", &V1::set_pg_pg_in},
    Field<V1>{"pgpgout", &V1::set_pg_pg_out},
    Field<V1>{"pgfault", &V1::set_pg_fault},
    Field<V1>{"pgmajfault", &V1::set_pg_maj_fault},
    Field<V1>{"inactive_anon", &V1::set_inactive_anon},
    Field<V1>{"active_anon", &V1::set_active_anon},
    Field<V1>{"inactive_file", &V1::set_inactive_file},
    Field<V1>{"active_file", &V1::set_active_file},
    Field<V1>{"unevictable", &V1::set_unevictable},
    Field<V1>{"hierarchical_memory_limit", &V1::set_hierarchical_memory_limit},
    Field<V1>{"hierarchical_memsw_limit", &V1::set_hierarchical_swap_limit},
    Field<V1>{"total_cache", &V1::set_total_cache},
    Field<V1>{"total_rss", &V1::set_total_rss},
    Field<V1>{"total_rss_huge", &V1::set_total_rss_huge},
    Field<V1>{"total_mapped_file", &V1::set_total_mapped_file},
    Field<V1>{"total_dirty", &V1::set_total_dirty},
    Field<V1>{"total_writeback", &V1::set_total_writeback},
    Field<V1>{"total_pgpgin", &V1::set_total_pg_pg_in},
    Field<V1>{"total_pgpgout", &V1::set_total_pg_pg_out},
    Field<V1>{"total_pgfault", &V1::set_total_pg_fault},
    Field<V1>{"total_pgmajfault", &V1::set_total_pg_maj_fault},
    Field<V1>{"total_inactive_anon", &V1::set_total_inactive_anon},
    Field<V1>{"total_active_anon", &V1::set_total_active_anon},
    Field<V1>{"total_inactive_file", &V1::set_total_inactive_file},
    Field<V1>{"total_active_file", &V1::set_total_active_file},
    Field<V1>{"total_unevictable", &V1::set_total_unevictable},
};

using V2 = wire::MemoryStatV2;
constexpr std::array kMemoryV2 = {
    Field<V2>{"anon", &V2::set_anon},
    Field<V2>{"file", &V2::set_file},
    Field<V2>{"kernel_stack", &V2::set_kernel_stack},
    Field<V2>{"slab", &V2::set_slab},
    Field<V2>{"sock", &V2::set_sock},
    Field<V2>{"shmem", &V2::set_shmem},
    Field<V2>{"file_mapped", &V2::set_file_mapped},
    Field<V2>{"file_dirty", &V2::set_file_dirty},
    Field<V2>{"file_writeback", &V2::set_file_writeback},
    Field<V2>{"anon_thp", &V2::set_anon_thp},
    Field<V2>{"inactive_anon", &V2::set_inactive_anon},
    Field<V2>{"active_anon", &V2::set_active_anon},
    Field<V2>{"inactive_file", &V2::set_inactive_file},
    Field<V2>{"active_file", &V2::set_active_file},
    Field<V2>{"unevictable", &V2::set_unevictable},
    Field<V2>{"slab_reclaimable", &V2::set_slab_reclaimable},
    Field<V2>{"slab_unreclaimable", &V2::set_slab_unreclaimable},
    Field<V2>{"pgfault", &V2::set_pgfault},
    Field<V2>{"pgmajfault", &V2::set_pgmajfault},
};

template <typename Message, std::size_t N>
void set_raw(const std::array<Field<Message>, N>& fields, const Raw& raw, Message& to) {
  for (const Field<Message>& field : fields) {
    auto found = raw.find(std::string(field.name));
    if (found != raw.end()) (to.*field.set)(found->second);
  }
}

void set_pids(const oci::RuntimeStats& stats, wire::PidsStat* pids) {
  pids->set_current(stats.pids);
  pids->set_limit(stats.pids_limit);
}

void set_counter(const oci::MemoryCounter& counter, wire::MemoryEntryV1* entry) {
  entry->set_limit(counter.limit);
  entry->set_usage(counter.usage);
  entry->set_max(counter.max);
  entry->set_failcnt(counter.failures);
}

template <typename Repeated>
void set_block_table(const oci::BlockStats& block, const char* name, Repeated* entries) {
  auto found = block.tables.find(name);
  if (found == block.tables.end()) return;
  for (const oci::BlockEntry& one : found->second) {
    wire::BlockEntryV1* entry = entries->Add();
    entry->set_op(one.operation);
    entry->set_major(one.major);
    entry->set_minor(one.minor);
    entry->set_value(one.value);
  }
}

wire::MetricsV1 metrics_v1(const oci::RuntimeStats& stats) {
  wire::MetricsV1 metrics;
  set_pids(stats, metrics.mutable_pids());
  wire::CpuUsageV1* usage = metrics.mutable_cpu()->mutable_usage();
  usage->set_total(stats.cpu.total);
  usage->set_kernel(stats.cpu.kernel);
  usage->set_user(stats.cpu.user);
  usage->mutable_per_cpu()->Add(stats.cpu.per_cpu.begin(), stats.cpu.per_cpu.end());
  wire::ThrottleV1* throttling = metrics.mutable_cpu()->mutable_throttling();
  throttling->set_periods(stats.cpu.periods);
  throttling->set_throttled_periods(stats.cpu.throttled_periods);
  throttling->set_throttled_time(stats.cpu.throttled_time);
  wire::MemoryStatV1* memory = metrics.mutable_memory();
  set_raw(kMemoryV1, stats.memory.raw, *memory);
  set_counter(stats.memory.usage, memory->mutable_usage());
  set_counter(stats.memory.swap, memory->mutable_swap());
  set_counter(stats.memory.kernel, memory->mutable_kernel());
  set_counter(stats.memory.kernel_tcp, memory->mutable_kernel_tcp());
  wire::BlockStatV1* block = metrics.mutable_blkio();
  const oci::BlockStats& from = stats.block;
  set_block_table(from, "ioServiceBytesRecursive", block->mutable_io_service_bytes_recursive());
  set_block_table(from, "ioServicedRecursive", block->mutable_io_serviced_recursive());
  set_block_table(from, "ioQueueRecursive", block->mutable_io_queued_recursive());
  set_block_table(from, "ioServiceTimeRecursive", block->mutable_io_service_time_recursive());
  set_block_table(from, "ioWaitTimeRecursive", block->mutable_io_wait_time_recursive());
  set_block_table(from, "ioMergedRecursive", block->mutable_io_merged_recursive());
  set_block_table(from, "ioTimeRecursive", block->mutable_io_time_recursive());
  set_block_table(from, "sectorsRecursive", block->mutable_sectors_recursive());
  for (const auto& [size, pages] : stats.hugetlb) {
    wire::HugetlbStatV1* one = metrics.add_hugetlb();
    one->set_pagesize(size);
    one->set_usage(pages.usage);
    one->set_max(pages.max);
    one->set_failcnt(pages.failures);
  }
  return metrics;
}

void set_pressure(const oci::PressureStats& pressure, wire::PressureV2* to) {
  auto set_line = [](const oci::PressureStats::Line& line, wire::PressureLineV2* target) {
    target->set_avg10(line.average_10s);
    target->set_avg60(line.average_60s);
    target->set_avg300(line.average_300s);
    target->set_total(line.total);
  };
  set_line(pressure.some, to->mutable_some());
  set_line(pressure.full, to->mutable_full());
}

void set_io(const oci::BlockStats& block, wire::IoStatV2* io) {
  auto entry_of = [&](const oci::BlockEntry& one) {
    auto found = std::ranges::find_if(*io->mutable_usage(), [&](const wire::IoEntryV2& entry) {
      return entry.major() == one.major && entry.minor() == one.minor;
    });
    if (found != io->mutable_usage()->end()) return &*found;
    wire::IoEntryV2* entry = io->add_usage();
    entry->set_major(one.major);
    entry->set_minor(one.minor);
    return entry;
  };
  for (const auto& [table, entries] : block.tables) {
    bool bytes = table == "ioServiceBytesRecursive";
    for (const oci::BlockEntry& one : entries) {
      wire::IoEntryV2* entry = entry_of(one);
      bool reads = one.operation == "Read";
      if (bytes && reads) entry->set_rbytes(one.value);
      if (bytes && !reads) entry->set_wbytes(one.value);
      if (!bytes && reads) entry->set_rios(one.value);
      if (!bytes && !reads) entry->set_wios(one.value);
    }
  }
}

wire::MetricsV2 metrics_v2(const oci::RuntimeStats& stats, std::uint64_t oom_kills) {
  constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};
  wire::MetricsV2 metrics;
  set_pids(stats, metrics.mutable_pids());
  wire::CpuStatV2* cpu = metrics.mutable_cpu();
  cpu->set_usage_usec(stats.cpu.total / 1000);
  cpu->set_user_usec(stats.cpu.user / 1000);
  cpu->set_system_usec(stats.cpu.kernel / 1000);
  cpu->set_nr_periods(stats.cpu.periods);
  cpu->set_nr_throttled(stats.cpu.throttled_periods);
  cpu->set_throttled_usec(stats.cpu.throttled_time / 1000);
  if (stats.cpu.pressure) set_pressure(*stats.cpu.pressure, cpu->mutable_psi());
  wire::MemoryStatV2* memory = metrics.mutable_memory();
  set_raw(kMemoryV2, stats.memory.raw, *memory);
  const oci::MemoryCounter& usage = stats.memory.usage;
  const oci::MemoryCounter& with_swap = stats.memory.swap;
  memory->set_usage(usage.usage);
  memory->set_usage_limit(usage.limit);
  memory->set_max_usage(usage.max);
  // RuntimeStats counts memory and swap together, as v1 does.
  memory->set_swap_usage(with_swap.usage - std::min(with_swap.usage, usage.usage));
  memory->set_swap_limit(with_swap.limit == kUnlimited
                             ? kUnlimited
                             : with_swap.limit - std::min(with_swap.limit, usage.limit));
  if (stats.memory.pressure) set_pressure(*stats.memory.pressure, memory->mutable_psi());
  metrics.mutable_memory_events()->set_oom_kill(oom_kills);
  set_io(stats.block, metrics.mutable_io());
  for (const auto& [size, pages] : stats.hugetlb) {
    wire::HugetlbStatV2* one = metrics.add_hugetlb();
    one->set_pagesize(size);
    one->set_current(pages.usage);
    one->set_max(pages.max);
    one->set_failcnt(pages.failures);
  }
  return metrics;
}

}  // namespace

wire::Any metrics_of(const oci::RuntimeStats& stats, bool v2, std::uint64_t oom_kills) {
  wire::Any any;
  any.set_type_url(v2 ? "io.containerd.cgroups.v2.Metrics" : "io.containerd.cgroups.v1.Metrics");
  any.set_value(v2 ? metrics_v2(stats, oom_kills).SerializeAsString()
                   : metrics_v1(stats).SerializeAsString());
  return any;
}

}  // namespace wherry::shim
