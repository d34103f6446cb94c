// What this runtime understands, for callers that ask.
#pragma once

#include "oci/runtime_features.h"

namespace wherry::container {

oci::RuntimeFeatures runtime_features();

}  // namespace wherry::container
