// What both versions share: conversions, and which limits are asked for.
#include "container/runtime/cgroup_limits.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace wherry::container {

using oci::RuntimeResources;

bool has_limits(const RuntimeResources& resources) {
  return !controllers_of(resources).empty() || resources.network.class_id ||
         !resources.network.priorities.empty() || !resources.unified.empty();
}

std::vector<std::string> controllers_of(const RuntimeResources& resources) {
  const oci::MemoryResources& memory = resources.memory;
  const oci::CpuResources& cpu = resources.cpu;
  const oci::BlockResources& block = resources.block;
  std::vector<std::string> names;
  auto need = [&](const char* name, bool wanted) {
    if (wanted) names.emplace_back(name);
  };
  need("memory", set_value(memory.limit) || set_value(memory.reservation) ||
                     set_value(memory.swap) || set_value(memory.kernel_tcp) || memory.swappiness ||
                     memory.disable_oom_killer.value_or(false));
  need("cpu", set_value(cpu.shares) || set_value(cpu.quota) || set_value(cpu.burst) ||
                  set_value(cpu.period) || set_value(cpu.realtime_runtime) ||
                  set_value(cpu.realtime_period) || cpu.idle.value_or(0));
  need("cpuset", !cpu.cpus.empty() || !cpu.mems.empty());
  need("pids", set_value(resources.pids_limit).has_value());
  need("io", set_value(block.weight) || set_value(block.leaf_weight) ||
                 !block.weight_devices.empty() || !block.read_bytes.empty() ||
                 !block.write_bytes.empty() || !block.read_operations.empty() ||
                 !block.write_operations.empty());
  need("hugetlb", !resources.hugepages.empty());
  need("rdma", !resources.rdma.empty());
  return names;
}

std::uint64_t cpu_weight_of(std::uint64_t shares) {
  shares = std::clamp<std::uint64_t>(shares, 2, 262144);
  return 1 + (shares - 2) * 9999 / 262142;
}

std::uint64_t io_weight_of(std::uint64_t weight) {
  weight = std::clamp<std::uint64_t>(weight, 10, 1000);
  return 1 + (weight - 10) * 9999 / 990;
}

std::optional<std::int64_t> swap_alone(const oci::MemoryResources& memory) {
  auto swap = set_value(memory.swap);
  auto limit = set_value(memory.limit);
  if (!swap) {
    // Memory without an end and an end to both together would be a contradiction.
    return limit == -1 ? std::optional<std::int64_t>(-1) : std::nullopt;
  }
  if (*swap < 0) return -1;
  if (!limit || *limit < 0) {
    fail(ErrorKind::InvalidArgument,
         "a limit of memory and swap together needs a limit of memory (memory.swap, memory.limit)");
  }
  if (*swap < *limit) {
    fail(ErrorKind::InvalidArgument,
         "memory and swap together ({} bytes) are less than memory alone ({} bytes)", *swap,
         *limit);
  }
  return *swap - *limit;
}

std::string rdma_line(const std::string& device, const oci::RdmaLimit& limit) {
  std::string line = device;
  if (limit.handles) line += fmt::format(" hca_handle={}", *limit.handles);
  if (limit.objects) line += fmt::format(" hca_object={}", *limit.objects);
  return line;
}

std::vector<std::uint16_t> parse_number_list(std::string_view text) {
  std::vector<std::uint16_t> numbers;
  const char* at = text.data();
  const char* end = at + text.size();
  auto number = [&] {
    std::uint16_t value = 0;
    auto result = std::from_chars(at, end, value);
    if (result.ec != std::errc{} || value > 8191) {
      fail(ErrorKind::InvalidArgument, "'{}' is no list of processors, as in '0-2,7'", text);
    }
    at = result.ptr;
    return value;
  };
  while (at < end) {
    unsigned first = number();
    unsigned last = first;
    if (at < end && *at == '-') {
      ++at;
      last = number();
    }
    for (; first <= last; ++first) numbers.push_back(static_cast<std::uint16_t>(first));
    if (at < end && *at++ != ',') {
      fail(ErrorKind::InvalidArgument, "'{}' is no list of processors, as in '0-2,7'", text);
    }
  }
  return numbers;
}

}  // namespace wherry::container
