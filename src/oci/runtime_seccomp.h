// linux.seccomp of config.json as plain values (runtime-spec 1.2, config-linux.md, "Seccomp").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wherry::oci {

struct SeccompArgument {
  std::uint32_t index = 0;
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;
  std::string op;  // "SCMP_CMP_EQ"
  bool operator==(const SeccompArgument&) const = default;
};

struct SeccompCalls {
  std::vector<std::string> names;
  std::string action;  // "SCMP_ACT_ALLOW"
  std::optional<std::uint32_t> errno_value;
  std::vector<SeccompArgument> arguments;
  bool operator==(const SeccompCalls&) const = default;
};

struct RuntimeSeccomp {
  std::string default_action;  // never empty
  std::optional<std::uint32_t> default_errno_value;
  std::vector<std::string> architectures;  // "SCMP_ARCH_X86_64"
  std::vector<std::string> flags;          // "SECCOMP_FILTER_FLAG_LOG"
  std::string listener_path;
  std::string listener_metadata;
  std::vector<SeccompCalls> calls;
  bool operator==(const RuntimeSeccomp&) const = default;
};

}  // namespace wherry::oci
