// Which devices the processes of a cgroup v2 may use: a BPF program attached to the group
// (cgroup v1 has a controller for it).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace wherry::os {

inline constexpr unsigned kDeviceMknod = 1;
inline constexpr unsigned kDeviceRead = 2;
inline constexpr unsigned kDeviceWrite = 4;

struct DeviceException {
  char type = 'c';                     // or 'b'
  std::optional<std::uint32_t> major;  // nothing: any
  std::optional<std::uint32_t> minor;
  unsigned access = 0;  // kDevice… bits
  bool operator==(const DeviceException&) const = default;
};

// As the v1 controller has it. Where others are denied, an access is allowed if one exception has
// all of it; where others are allowed, it is denied if one exception has some of it.
struct DevicePolicy {
  bool allow_others = true;
  std::vector<DeviceException> exceptions;
  bool operator==(const DevicePolicy&) const = default;
};

// Holds for the group and all below it until the group is removed, on top of what groups above it
// say. Throws Error.
void attach_device_filter(int cgroup, const DevicePolicy& policy);

}  // namespace wherry::os
