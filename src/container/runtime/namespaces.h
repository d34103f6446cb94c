// The namespaces of config.json: which are made, which are joined, and in which order.
//
// Rights are what decides. To join a namespace takes rights over the user namespace that owns it: the
// host's are therefore joined before a user namespace is joined or made, those of a user namespace after
// it was joined. A new one of another kind belongs to the user namespace that its maker stands in.
// All throw Error. Thread safety: the process has one thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "oci/runtime_config.h"

namespace wherry::container {

// Whether a namespace of that type is named, to be made or joined.
bool has_namespace(const oci::RuntimeConfig& config, std::string_view type);

// CLONE_NEW* of those to make. Refuses what makes no container.
std::uint64_t namespaces_to_make(const oci::RuntimeConfig& config);

// Whether enter_namespaces() has to be done by whoever clones init: some namespaces only a new process
// stands in, and none of the host's can be joined from a new user namespace.
bool is_born_into_namespaces(const oci::RuntimeConfig& config);

// Joins all that are to be joined, and makes a time namespace for the children of this process.
void enter_namespaces(const oci::RuntimeConfig& config);

}  // namespace wherry::container
