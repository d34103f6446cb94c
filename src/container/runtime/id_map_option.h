// The maps of an id-mapped mount that stand in its option, as crun and Podman write them:
//
//   idmap=uids=0-1000-10#20-1020-1;gids=0-1000-10
//
// A range is the first id in the file system, the id of the host that it becomes, and how many follow
// one another so. With '@' before it the second is an id of the container's user namespace. A kind that is
// not named, users or groups, is mapped as that user namespace maps it.
#pragma once

#include <string_view>
#include <vector>

#include "oci/runtime_config.h"

namespace wherry::container {

struct IdMaps {
  std::vector<oci::RuntimeIdMapping> users;
  std::vector<oci::RuntimeIdMapping> groups;
  bool operator==(const IdMaps&) const = default;
};

// text: what stands behind "idmap=". Ranges with '@' are looked up in the section's uidMappings and
// gidMappings, and cut where those are. Throws Error(InvalidArgument).
IdMaps parse_id_map_option(std::string_view text, const oci::RuntimeLinux& section);

}  // namespace wherry::container
