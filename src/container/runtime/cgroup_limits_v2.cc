#include "base/error.h"
#include "container/runtime/cgroup_limits.h"

namespace wherry::container {
namespace {

using os::CgroupFolder;

std::string text_or_max(std::int64_t value) { return value < 0 ? "max" : std::to_string(value); }

[[noreturn]] void refuse(const char* field) {
  fail(ErrorKind::FailedPrecondition,
       "cgroup v2 has nothing for linux.resources.{}, which this machine uses", field);
}

// The kernel would end processes until what is left fits.
void check_fits(const CgroupFolder& folder, std::int64_t limit) {
  auto used = os::parse_cgroup_number(folder.read("memory.current"));
  if (used && *used > static_cast<std::uint64_t>(limit)) {
    fail(ErrorKind::FailedPrecondition, "the memory limit cannot be {} bytes: {} are in use", limit,
         *used);
  }
}

void apply_memory(const CgroupFolder& folder, const oci::MemoryResources& memory) {
  if (memory.swappiness) refuse("memory.swappiness");
  if (memory.disable_oom_killer.value_or(false)) refuse("memory.disableOOMKiller");
  if (set_value(memory.kernel_tcp)) refuse("memory.kernelTCP");
  auto swap = swap_alone(memory);
  if (swap == -1 && !folder.has("memory.swap.max")) swap.reset();
  auto limit = set_value(memory.limit);
  if (limit && *limit > 0 && memory.check_before_update.value_or(false)) {
    check_fits(folder, *limit);
  }
  if (swap) folder.write("memory.swap.max", text_or_max(*swap));
  if (limit) folder.write("memory.max", text_or_max(*limit));
  if (auto low = set_value(memory.reservation)) folder.write("memory.low", text_or_max(*low));
}

void apply_cpu(const CgroupFolder& folder, const oci::CpuResources& cpu) {
  if (set_value(cpu.realtime_runtime)) refuse("cpu.realtimeRuntime");
  if (set_value(cpu.realtime_period)) refuse("cpu.realtimePeriod");
  if (cpu.idle) folder.write("cpu.idle", std::to_string(*cpu.idle));
  auto shares = set_value(cpu.shares);
  // An idle group has no weight.
  if (shares && cpu.idle.value_or(0) == 0) {
    folder.write("cpu.weight", std::to_string(cpu_weight_of(*shares)));
  }
  auto quota = set_value(cpu.quota);
  auto period = set_value(cpu.period);
  auto burst = set_value(cpu.burst);
  // A burst above the quota is refused, so a smaller one goes before the quota and a larger after.
  bool burst_is_set = burst && folder.try_write("cpu.max.burst", std::to_string(*burst)) == 0;
  if (quota || period) {
    // Both in one file: one that is not given stays.
    std::string now = folder.read("cpu.max");
    std::size_t space = now.find(' ');
    std::string quota_text = quota ? text_or_max(*quota) : now.substr(0, space);
    std::string period_text = period              ? std::to_string(*period)
                              : space == now.npos ? "100000"
                                                  : now.substr(space + 1);
    folder.write("cpu.max", quota_text + " " + period_text);
  }
  if (burst && !burst_is_set) folder.write("cpu.max.burst", std::to_string(*burst));
}

void apply_block(const CgroupFolder& folder, const oci::BlockResources& block) {
  if (set_value(block.leaf_weight)) refuse("blockIO.leafWeight");
  bool bfq = folder.has("io.bfq.weight");
  auto write_weight = [&](const std::string& device, std::uint64_t weight) {
    std::uint64_t value = bfq ? weight : io_weight_of(weight);
    folder.write(bfq ? "io.bfq.weight" : "io.weight", device.empty() && bfq ? std::to_string(value)
                                                      : device.empty()
                                                          ? fmt::format("default {}", value)
                                                          : fmt::format("{} {}", device, value));
  };
  if (auto weight = set_value(block.weight)) write_weight("", *weight);
  for (const oci::BlockWeight& device : block.weight_devices) {
    if (device.leaf_weight) refuse("blockIO.weightDevice.leafWeight");
    if (device.weight)
      write_weight(fmt::format("{}:{}", device.major, device.minor), *device.weight);
  }
  auto throttle = [&](const char* key, const std::vector<oci::BlockRate>& rates) {
    for (const oci::BlockRate& rate : rates) {
      // 0 lifts the limit in v1, whose terms config.json is in.
      std::string value = rate.rate == 0 ? "max" : std::to_string(rate.rate);
      folder.write("io.max", fmt::format("{}:{} {}={}", rate.major, rate.minor, key, value));
    }
  };
  throttle("rbps", block.read_bytes);
  throttle("wbps", block.write_bytes);
  throttle("riops", block.read_operations);
  throttle("wiops", block.write_operations);
}

void apply_hugepages(const CgroupFolder& folder, const std::vector<oci::HugepageLimit>& limits) {
  for (const oci::HugepageLimit& limit : limits) {
    std::string value = std::to_string(limit.limit);
    folder.write(fmt::format("hugetlb.{}.max", limit.page_size), value);
    std::string reserved = fmt::format("hugetlb.{}.rsvd.max", limit.page_size);
    if (folder.has(reserved)) folder.write(reserved, value);
  }
}

}  // namespace

void apply_limits_v2(const CgroupFolder& folder, const oci::RuntimeResources& resources) {
  std::string available = folder.read_if_exists("cgroup.controllers").value_or("");
  for (const std::string& name : controllers_of(resources)) {
    if ((" " + available + " ").find(" " + name + " ") == std::string::npos) {
      fail(ErrorKind::FailedPrecondition,
           "cgroup '{}' has no controller '{}', which a limit of linux.resources needs (is it "
           "delegated to you?)",
           folder.path(), name);
    }
  }
  if (resources.network.class_id) refuse("network.classID");
  if (!resources.network.priorities.empty()) refuse("network.priorities");
  apply_memory(folder, resources.memory);
  apply_cpu(folder, resources.cpu);
  if (!resources.cpu.cpus.empty()) folder.write("cpuset.cpus", resources.cpu.cpus);
  if (!resources.cpu.mems.empty()) folder.write("cpuset.mems", resources.cpu.mems);
  if (auto pids = set_value(resources.pids_limit)) folder.write("pids.max", text_or_max(*pids));
  apply_block(folder, resources.block);
  apply_hugepages(folder, resources.hugepages);
  for (const auto& [device, limit] : resources.rdma) {
    folder.write("rdma.max", rdma_line(device, limit));
  }
  // Last, since it is the most exact: it has the last word.
  for (const auto& [file, value] : resources.unified) folder.write(file, value);
}

}  // namespace wherry::container
