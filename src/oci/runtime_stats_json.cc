#include <nlohmann/json.hpp>

#include "oci/json_reader.h"
#include "oci/runtime_stats.h"

namespace wherry::oci {
namespace {

using Json = nlohmann::json;

void put_nonzero(Json& into, const char* name, std::uint64_t value) {
  if (value) into[name] = value;
}

template <typename Number>
void put_list(Json& into, const char* name, const std::vector<Number>& values) {
  if (!values.empty()) into[name] = values;
}

Json line_json(const PressureStats::Line& line) {
  return {{"avg10", line.average_10s},
          {"avg60", line.average_60s},
          {"avg300", line.average_300s},
          {"total", line.total}};
}

void put_pressure(Json& into, const std::optional<PressureStats>& pressure) {
  if (!pressure) return;
  into["psi"] = {{"some", line_json(pressure->some)}, {"full", line_json(pressure->full)}};
}

Json cpu_json(const CpuStats& cpu) {
  Json usage = {{"kernel", cpu.kernel}, {"user", cpu.user}};
  put_nonzero(usage, "total", cpu.total);
  put_list(usage, "percpu", cpu.per_cpu);
  put_list(usage, "percpu_kernel", cpu.per_cpu_kernel);
  put_list(usage, "percpu_user", cpu.per_cpu_user);
  Json throttling = Json::object();
  put_nonzero(throttling, "periods", cpu.periods);
  put_nonzero(throttling, "throttledPeriods", cpu.throttled_periods);
  put_nonzero(throttling, "throttledTime", cpu.throttled_time);
  Json json = {{"usage", std::move(usage)}, {"throttling", std::move(throttling)}};
  put_pressure(json, cpu.pressure);
  return json;
}

Json cpuset_json(const CpusetStats& cpuset) {
  Json json = Json::object();
  for (const char* flag : {"cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate",
                           "memory_spread_page", "memory_spread_slab", "memory_pressure",
                           "sched_load_balance", "sched_relax_domain_level"}) {
    json[flag] = 0;
  }
  for (const auto& [name, value] : cpuset.flags) json[name] = value;
  put_list(json, "cpus", cpuset.cpus);
  put_list(json, "mems", cpuset.mems);
  return json;
}

Json counter_json(const MemoryCounter& counter) {
  Json json = {{"limit", counter.limit}, {"failcnt", counter.failures}};
  put_nonzero(json, "usage", counter.usage);
  put_nonzero(json, "max", counter.max);
  return json;
}

Json memory_json(const MemoryStats& memory) {
  Json json = {{"usage", counter_json(memory.usage)},
               {"swap", counter_json(memory.swap)},
               {"kernel", counter_json(memory.kernel)},
               {"kernelTCP", counter_json(memory.kernel_tcp)}};
  put_nonzero(json, "cache", memory.cache);
  if (!memory.raw.empty()) json["raw"] = memory.raw;
  put_pressure(json, memory.pressure);
  return json;
}

Json block_json(const BlockStats& block) {
  Json json = Json::object();
  for (const auto& [name, entries] : block.tables) {
    for (const BlockEntry& entry : entries) {
      Json one = Json::object();
      put_nonzero(one, "major", entry.major);
      put_nonzero(one, "minor", entry.minor);
      if (!entry.operation.empty()) one["op"] = entry.operation;
      put_nonzero(one, "value", entry.value);
      json[name].push_back(std::move(one));
    }
  }
  put_pressure(json, block.pressure);
  return json;
}

Json hugetlb_json(const std::map<std::string, HugetlbStats>& hugetlb) {
  Json json = Json::object();
  for (const auto& [size, stats] : hugetlb) {
    Json one = {{"failcnt", stats.failures}};
    put_nonzero(one, "usage", stats.usage);
    put_nonzero(one, "max", stats.max);
    json[size] = std::move(one);
  }
  return json;
}

Json pids_json(const RuntimeStats& stats) {
  Json json = Json::object();
  put_nonzero(json, "current", stats.pids);
  put_nonzero(json, "limit", stats.pids_limit);
  return json;
}

}  // namespace

std::string stats_event_json(const std::string& id, const RuntimeStats& stats) {
  return print_document({{"type", "stats"},
                         {"id", id},
                         {"data",
                          {{"cpu", cpu_json(stats.cpu)},
                           {"cpuset", cpuset_json(stats.cpuset)},
                           {"memory", memory_json(stats.memory)},
                           {"pids", pids_json(stats)},
                           {"blkio", block_json(stats.block)},
                           {"hugetlb", hugetlb_json(stats.hugetlb)},
                           {"intel_rdt", Json::object()},
                           {"network_interfaces", nullptr}}}});
}

std::string oom_event_json(const std::string& id) {
  return print_document({{"type", "oom"}, {"id", id}});
}

}  // namespace wherry::oci
