// Resource limits by the names the OCI runtime spec uses.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace wherry::os {

// "RLIMIT_NOFILE" to RLIMIT_NOFILE; nothing for an unknown name.
std::optional<int> rlimit_number(std::string_view name);

// Limits this process and what comes of it. Throws Error.
void set_rlimit(int number, std::uint64_t soft, std::uint64_t hard);

}  // namespace wherry::os
