// What a config.json asks for and no container is given, refused before anything is made.
#pragma once

#include "oci/runtime_config.h"

namespace wherry::container {

// Throws Error that names the field.
void check_config(const oci::RuntimeConfig& config);

}  // namespace wherry::container
