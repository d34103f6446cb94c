// linux.seccomp as a part of config.json: for the .cc files of this folder.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "oci/config_field.h"
#include "oci/runtime_seccomp.h"

namespace wherry::oci {

RuntimeSeccomp read_seccomp(const Field& field);
nlohmann::json seccomp_json(const RuntimeSeccomp& seccomp);

}  // namespace wherry::oci
