#include "container/runtime/config_check.h"

#include <algorithm>

#include "base/error.h"

namespace wherry::container {

void check_config(const oci::RuntimeConfig& config) {
  const oci::RuntimeLinux& section = config.linux_section;
  if (section.has_intel_rdt) {
    fail(ErrorKind::Unimplemented,
         "config.json: linux.intelRdt: no shares of cache or memory bandwidth are given");
  }
  if (section.has_net_devices) {
    fail(ErrorKind::Unimplemented,
         "config.json: linux.netDevices: no network device of the host is moved");
  }
  const bool makes_time = std::ranges::any_of(
      section.namespaces,
      [](const oci::RuntimeNamespace& each) { return each.type == "time" && each.path.empty(); });
  if (!section.time_offsets.empty() && !makes_time) {
    fail(ErrorKind::InvalidArgument,
         "config.json: linux.timeOffsets need a new time namespace to be in");
  }
}

}  // namespace wherry::container
