// The id maps of config.json as the kernel is given them.
#pragma once

#include <vector>

#include "oci/runtime_config.h"
#include "os/namespaces.h"

namespace wherry::container {

inline std::vector<os::IdRange> ranges_of(const std::vector<oci::RuntimeIdMapping>& mappings) {
  std::vector<os::IdRange> ranges;
  for (const oci::RuntimeIdMapping& mapping : mappings) {
    ranges.push_back(
        {.inside = mapping.container_id, .outside = mapping.host_id, .count = mapping.size});
  }
  return ranges;
}

}  // namespace wherry::container
