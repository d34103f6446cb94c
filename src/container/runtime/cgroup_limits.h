// Limits written to a group's files, in each version's own terms. For the files of cgroup.h.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/runtime_resources.h"
#include "os/cgroup.h"
#include "os/device_filter.h"

namespace wherry::container {

// The group of a v1 controller; null where the machine has none.
using FindFolder = std::function<const os::CgroupFolder*(std::string_view controller)>;

// What a limit wants and no hierarchy has is a failure by name, not left out: throws
// Error(FailedPrecondition) "this machine has no cgroup controller 'memory', which
// linux.resources.memory needs".
void apply_limits_v1(const FindFolder& find, const oci::RuntimeResources& resources);
void apply_limits_v2(const os::CgroupFolder& folder, const oci::RuntimeResources& resources);

// The devices that the rules and the runtime's defaults (config-linux.md, "Default Devices") give;
// nothing without rules.
std::optional<os::DevicePolicy> device_policy(const std::vector<oci::DeviceRule>& rules);
void apply_devices_v1(const FindFolder& find, const os::DevicePolicy& policy);

// Whether it asks for any limit beside devices.
bool has_limits(const oci::RuntimeResources& resources);
// The controllers of v2 that its limits need: "memory", "cpu".
std::vector<std::string> controllers_of(const oci::RuntimeResources& resources);

// 0 is "as it is" (see RuntimeResources): nothing, where the field is absent or 0.
template <typename Number>
std::optional<Number> set_value(const std::optional<Number>& field) {
  return field.value_or(0) == 0 ? std::nullopt : field;
}

// v1's 2…262144 to v2's 1…10000, and 10…1000 to 1…10000.
std::uint64_t cpu_weight_of(std::uint64_t shares);
std::uint64_t io_weight_of(std::uint64_t weight);
// v2 counts swap alone. Nothing where nothing is said about it; -1 is unlimited. Throws
// Error(InvalidArgument) where memory and swap together are less than memory.
std::optional<std::int64_t> swap_alone(const oci::MemoryResources& memory);

// A line of rdma.max, which both versions have.
std::string rdma_line(const std::string& device, const oci::RdmaLimit& limit);

// "0-2,7" as numbers. Throws Error(InvalidArgument).
std::vector<std::uint16_t> parse_number_list(std::string_view text);

}  // namespace wherry::container
