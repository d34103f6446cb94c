// Whether a bundle's payload is WebAssembly, or a Linux program for another runtime.
//
// Decided before anything is made, from config.json and the root file system as it lies there:
//   1. a sandbox container (Kubernetes' pause) is Linux, whatever its annotations say: a pod hands
//      them to all its containers;
//   2. the annotations run.oci.handler and module.wasm.image/variant, as crun knows them;
//   3. what the entrypoint is: its first bytes, else the end of its name;
//   4. where nothing tells, as for an entrypoint that is not there, the default.
#pragma once

#include <cstdint>
#include <string>

#include "oci/runtime_config.h"

namespace wherry::container {

enum class Payload : std::uint8_t { Wasm, Linux };

// bundle is the directory that relative paths of config.json start from. Throws nothing for what a
// bundle holds: what cannot be looked at tells nothing.
Payload payload_of(const oci::RuntimeConfig& config, const std::string& bundle, Payload otherwise);

}  // namespace wherry::container
