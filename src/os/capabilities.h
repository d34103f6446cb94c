// Capabilities by name, and giving them up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::os {

// A set of capabilities, bit n for capability n.
using CapabilitySet = std::uint64_t;

// "CAP_NET_BIND_SERVICE" to its number; nothing for a name this kernel's headers do not know.
std::optional<int> capability_number(std::string_view name);
// All of them, by number.
std::vector<std::string> capability_names();

struct Capabilities {
  CapabilitySet bounding = 0;
  CapabilitySet effective = 0;
  CapabilitySet permitted = 0;
  CapabilitySet inheritable = 0;
  CapabilitySet ambient = 0;
  bool operator==(const Capabilities&) const = default;
};

// Takes everything out of the bounding set that is not in keep. Needs CAP_SETPCAP: before the user
// changes. Throws Error.
void limit_bounding_set(CapabilitySet keep);

// Sets the rest: what is not held already cannot be gained and is left out. Throws Error.
void set_capabilities(const Capabilities& wanted);

}  // namespace wherry::os
