// Kinds of failure as the status codes of gRPC, which ttrpc uses.
#pragma once

#include <cstdint>

#include "base/error.h"

namespace wherry::ttrpc {

std::int32_t status_code_of(ErrorKind kind);
// Internal for codes that no kind stands for. Requires: a code that is not 0, which is success.
ErrorKind kind_of_status(std::int32_t code);

}  // namespace wherry::ttrpc
