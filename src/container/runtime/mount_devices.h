// The device nodes of a container, and the links beside them.
#pragma once

#include "oci/runtime_config.h"

namespace wherry::container {

// Those that every container has (config-linux.md, "Default Devices"), in its /dev: not where that is
// a bind mount, which is somebody's own to fill. Throws Error.
void add_default_devices(int root, const oci::RuntimeConfig& config);

// A node that the config asks for; what an image has in its place goes. Where nodes cannot be made it
// is the host's of the same path. Throws Error.
void add_device(int root, const oci::RuntimeDevice& device);

}  // namespace wherry::container
