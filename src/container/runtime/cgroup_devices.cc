// config.json's device rules are steps, each changing what the ones before it left; the result is a
// default and its exceptions, as the v1 controller keeps them.
#include <algorithm>

#include "container/runtime/cgroup_limits.h"

namespace wherry::container {
namespace {

using os::DeviceException;
using os::DevicePolicy;

unsigned bits_of(const std::string& access) {
  unsigned bits = 0;
  if (access.find('r') != std::string::npos) bits |= os::kDeviceRead;
  if (access.find('w') != std::string::npos) bits |= os::kDeviceWrite;
  if (access.find('m') != std::string::npos) bits |= os::kDeviceMknod;
  return bits;
}

std::optional<std::uint32_t> number_of(const std::optional<std::int64_t>& number) {
  if (!number) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

void apply_rule(DevicePolicy& policy, const oci::DeviceRule& rule) {
  if (rule.type == 'a') {
    policy = {.allow_others = rule.allow, .exceptions = {}};
    return;
  }
  DeviceException wanted{.type = rule.type,
                         .major = number_of(rule.major),
                         .minor = number_of(rule.minor),
                         .access = bits_of(rule.access)};
  auto& exceptions = policy.exceptions;
  auto found = std::find_if(exceptions.begin(), exceptions.end(), [&](const DeviceException& e) {
    return e.type == wanted.type && e.major == wanted.major && e.minor == wanted.minor;
  });
  if (rule.allow != policy.allow_others) {
    if (found == exceptions.end()) {
      exceptions.push_back(wanted);
    } else {
      found->access |= wanted.access;
    }
  } else if (found != exceptions.end()) {
    found->access &= ~wanted.access;
    if (found->access == 0) exceptions.erase(found);
  }
}

oci::DeviceRule allow(std::optional<std::int64_t> major, std::optional<std::int64_t> minor) {
  return {.allow = true, .type = 'c', .major = major, .minor = minor};
}

}  // namespace

std::optional<DevicePolicy> device_policy(const std::vector<oci::DeviceRule>& rules) {
  if (rules.empty()) return std::nullopt;
  DevicePolicy policy;
  for (const oci::DeviceRule& rule : rules) apply_rule(policy, rule);
  // A node may be made of any number: having one gives no access.
  apply_rule(policy, {.allow = true, .type = 'c', .access = "m"});
  apply_rule(policy, {.allow = true, .type = 'b', .access = "m"});
  for (std::int64_t minor : {3, 5, 7, 8, 9}) apply_rule(policy, allow(1, minor));
  for (std::int64_t minor : {0, 1, 2}) apply_rule(policy, allow(5, minor));  // tty console ptmx
  apply_rule(policy, allow(136, std::nullopt));                              // pts
  return policy;
}

}  // namespace wherry::container
