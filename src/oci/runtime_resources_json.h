// linux.resources as a part of config.json: for the .cc files of this folder.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "oci/config_field.h"
#include "oci/runtime_resources.h"

namespace wherry::oci {

RuntimeResources read_resources(const Field& field);
// An empty object where nothing is set.
nlohmann::json resources_json(const RuntimeResources& resources);

}  // namespace wherry::oci
