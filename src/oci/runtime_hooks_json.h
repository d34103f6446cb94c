// config.json's hooks, read and printed. For the .cc files of this folder.
#pragma once

#include <nlohmann/json.hpp>

#include "oci/config_field.h"
#include "oci/runtime_hooks.h"

namespace wherry::oci {

// Throws Error(InvalidArgument) naming the field.
RuntimeHooks parse_hooks(const Field& field);
// The inverse; an empty object without any hook.
nlohmann::json hooks_json(const RuntimeHooks& hooks);

}  // namespace wherry::oci
