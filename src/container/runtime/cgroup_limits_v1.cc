#include <algorithm>

#include "base/error.h"
#include "container/runtime/cgroup_limits.h"

namespace wherry::container {
namespace {

using os::CgroupFolder;

const CgroupFolder& need(const FindFolder& find, const char* controller, const char* field) {
  const CgroupFolder* folder = find(controller);
  if (!folder) {
    fail(ErrorKind::FailedPrecondition,
         "this machine has no cgroup controller '{}', which linux.resources.{} needs", controller,
         field);
  }
  return *folder;
}

std::string text_of(std::int64_t value) { return std::to_string(value); }
std::string text_of(std::uint64_t value) { return std::to_string(value); }

void set_limit(const CgroupFolder& folder, std::int64_t limit) {
  int error = folder.try_write("memory.limit_in_bytes", text_of(limit));
  if (error == EBUSY) {
    fail(ErrorKind::FailedPrecondition,
         "the memory limit cannot be {} bytes: {} are in use and cannot be given back", limit,
         folder.read_if_exists("memory.usage_in_bytes").value_or("more"));
  }
  if (error) fail_errno(error, "limit memory to {} bytes", limit);
}

// At every moment the limit of memory and swap together may not be below that of memory.
void apply_memory(const CgroupFolder& folder, const oci::MemoryResources& memory) {
  auto limit = set_value(memory.limit);
  auto swap = set_value(memory.swap);
  swap_alone(memory);  // refuses what contradicts itself
  if (limit == -1 && !swap) swap = -1;
  constexpr const char* kBoth = "memory.memsw.limit_in_bytes";
  if (swap && *swap < 0 && !folder.has(kBoth)) swap.reset();
  if (limit && memory.check_before_update.value_or(false) && *limit > 0) {
    auto used = os::parse_cgroup_number(folder.read("memory.usage_in_bytes"));
    if (used && *used > static_cast<std::uint64_t>(*limit)) {
      fail(ErrorKind::FailedPrecondition, "the memory limit cannot be {} bytes: {} are in use",
           *limit, *used);
    }
  }
  bool both_first = false;
  if (limit && swap) {
    auto now = os::parse_cgroup_number(folder.read_if_exists(kBoth).value_or("0")).value_or(0);
    both_first = *limit < 0 || static_cast<std::uint64_t>(*limit) > now;
  }
  if (swap && both_first) folder.write(kBoth, text_of(*swap));
  if (limit) set_limit(folder, *limit);
  if (swap && !both_first) folder.write(kBoth, text_of(*swap));
  if (auto low = set_value(memory.reservation)) {
    folder.write("memory.soft_limit_in_bytes", text_of(*low));
  }
  if (auto tcp = set_value(memory.kernel_tcp)) {
    folder.write("memory.kmem.tcp.limit_in_bytes", text_of(*tcp));
  }
  if (memory.swappiness) folder.write("memory.swappiness", text_of(*memory.swappiness));
  if (memory.disable_oom_killer.value_or(false)) folder.write("memory.oom_control", "1");
}

// Which of two goes first depends on what is there: the kernel refuses a step that leads through a
// contradiction.
void write_pair(const CgroupFolder& folder, const char* first, const std::string& first_value,
                const char* second, const std::string& second_value) {
  if (folder.try_write(first, first_value) == 0) {
    folder.write(second, second_value);
  } else {
    folder.write(second, second_value);
    folder.write(first, first_value);
  }
}

void apply_cpu(const CgroupFolder& folder, const oci::CpuResources& cpu) {
  if (cpu.idle) folder.write("cpu.idle", text_of(*cpu.idle));
  if (auto shares = set_value(cpu.shares)) folder.write("cpu.shares", text_of(*shares));
  auto quota = set_value(cpu.quota);
  auto period = set_value(cpu.period);
  auto burst = set_value(cpu.burst);
  if (quota && period) {
    write_pair(folder, "cpu.cfs_period_us", text_of(*period), "cpu.cfs_quota_us", text_of(*quota));
  } else if (period) {
    folder.write("cpu.cfs_period_us", text_of(*period));
  } else if (quota) {
    folder.write("cpu.cfs_quota_us", text_of(*quota));
  }
  if (burst) folder.write("cpu.cfs_burst_us", text_of(*burst));
  auto runtime = set_value(cpu.realtime_runtime);
  auto realtime_period = set_value(cpu.realtime_period);
  if (runtime && realtime_period) {
    write_pair(folder, "cpu.rt_period_us", text_of(*realtime_period), "cpu.rt_runtime_us",
               text_of(*runtime));
  } else if (realtime_period) {
    folder.write("cpu.rt_period_us", text_of(*realtime_period));
  } else if (runtime) {
    folder.write("cpu.rt_runtime_us", text_of(*runtime));
  }
}

void apply_block(const CgroupFolder& folder, const oci::BlockResources& block) {
  // The names depend on the scheduler that the kernel was built with.
  auto weight_file = [&](const char* suffix) {
    std::string bfq = std::string("blkio.bfq.") + suffix;
    return folder.has(bfq) ? bfq : std::string("blkio.") + suffix;
  };
  if (auto weight = set_value(block.weight)) {
    folder.write(weight_file("weight"), std::to_string(*weight));
  }
  if (auto weight = set_value(block.leaf_weight)) {
    folder.write("blkio.leaf_weight", std::to_string(*weight));
  }
  for (const oci::BlockWeight& device : block.weight_devices) {
    if (device.weight) {
      folder.write(weight_file("weight_device"),
                   fmt::format("{}:{} {}", device.major, device.minor, *device.weight));
    }
    if (device.leaf_weight) {
      folder.write("blkio.leaf_weight_device",
                   fmt::format("{}:{} {}", device.major, device.minor, *device.leaf_weight));
    }
  }
  auto throttle = [&](const char* file, const std::vector<oci::BlockRate>& rates) {
    for (const oci::BlockRate& rate : rates) {
      folder.write(file, fmt::format("{}:{} {}", rate.major, rate.minor, rate.rate));
    }
  };
  throttle("blkio.throttle.read_bps_device", block.read_bytes);
  throttle("blkio.throttle.write_bps_device", block.write_bytes);
  throttle("blkio.throttle.read_iops_device", block.read_operations);
  throttle("blkio.throttle.write_iops_device", block.write_operations);
}

void apply_hugepages(const CgroupFolder& folder, const std::vector<oci::HugepageLimit>& limits) {
  for (const oci::HugepageLimit& limit : limits) {
    std::string value = std::to_string(limit.limit);
    folder.write(fmt::format("hugetlb.{}.limit_in_bytes", limit.page_size), value);
    std::string reserved = fmt::format("hugetlb.{}.rsvd.limit_in_bytes", limit.page_size);
    if (folder.has(reserved)) folder.write(reserved, value);
  }
}

void apply_network(const FindFolder& find, const oci::NetworkResources& network) {
  if (network.class_id) {
    need(find, "net_cls", "network.classID")
        .write("net_cls.classid", std::to_string(*network.class_id));
  }
  for (const oci::NetworkPriority& entry : network.priorities) {
    need(find, "net_prio", "network.priorities")
        .write("net_prio.ifpriomap", fmt::format("{} {}", entry.name, entry.priority));
  }
}

std::string number_or_star(const std::optional<std::uint32_t>& number) {
  return number ? std::to_string(*number) : "*";
}

std::string letters(unsigned access) {
  std::string text;
  if (access & os::kDeviceRead) text += 'r';
  if (access & os::kDeviceWrite) text += 'w';
  if (access & os::kDeviceMknod) text += 'm';
  return text;
}

}  // namespace

void apply_limits_v1(const FindFolder& find, const oci::RuntimeResources& resources) {
  // The controllers' names in v1, and where in config.json the wish for them is.
  auto wanted = controllers_of(resources);
  auto wants = [&](const char* name) {
    return std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  };
  if (wants("memory")) apply_memory(need(find, "memory", "memory"), resources.memory);
  if (wants("cpu")) apply_cpu(need(find, "cpu", "cpu"), resources.cpu);
  if (wants("cpuset")) {
    const CgroupFolder& folder = need(find, "cpuset", "cpu.cpus");
    if (!resources.cpu.cpus.empty()) folder.write("cpuset.cpus", resources.cpu.cpus);
    if (!resources.cpu.mems.empty()) folder.write("cpuset.mems", resources.cpu.mems);
  }
  if (wants("pids")) {
    std::int64_t limit = *resources.pids_limit;
    need(find, "pids", "pids").write("pids.max", limit < 0 ? "max" : std::to_string(limit));
  }
  if (wants("io")) apply_block(need(find, "blkio", "blockIO"), resources.block);
  if (wants("hugetlb")) {
    apply_hugepages(need(find, "hugetlb", "hugepageLimits"), resources.hugepages);
  }
  if (wants("rdma")) {
    const CgroupFolder& folder = need(find, "rdma", "rdma");
    for (const auto& [device, limit] : resources.rdma)
      folder.write("rdma.max", rdma_line(device, limit));
  }
  apply_network(find, resources.network);
  if (!resources.unified.empty()) {
    fail(ErrorKind::FailedPrecondition,
         "linux.resources.unified is for cgroup v2, and this machine's controllers are in v1");
  }
}

void apply_devices_v1(const FindFolder& find, const os::DevicePolicy& policy) {
  const CgroupFolder& folder = need(find, "devices", "devices");
  folder.write(policy.allow_others ? "devices.allow" : "devices.deny", "a");
  for (const os::DeviceException& exception : policy.exceptions) {
    folder.write(policy.allow_others ? "devices.deny" : "devices.allow",
                 fmt::format("{} {}:{} {}", exception.type, number_or_star(exception.major),
                             number_or_star(exception.minor), letters(exception.access)));
  }
}

}  // namespace wherry::container
