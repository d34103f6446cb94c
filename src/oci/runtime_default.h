// A config.json to start from, as `spec` writes it. Pure: no input or output.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "oci/runtime_config.h"

namespace wherry::oci {

// Runs /main.wasm of the folder "rootfs" in namespaces of its own, without any capability: a
// WebAssembly program has no use for one.
struct DefaultConfigOptions {
  // For a user without rights: in a user namespace where this user and group are root's, with what
  // such a user may mount.
  struct Ids {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
  };
  std::optional<Ids> rootless;
};
RuntimeConfig default_config(const DefaultConfigOptions& options);

// The same as to_json, indented for people.
std::string to_indented_json(const RuntimeConfig& config);

}  // namespace wherry::oci
