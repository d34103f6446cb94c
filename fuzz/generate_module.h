// Valid modules out of arbitrary bytes, for fuzzing what comes after validation.
//
// The same bytes always give the same module. A module exports "refuel", "memory", its functions "f0",
// "f1", ... and its globals "g0", "g1", ...; every loop and every call takes of a fuel, which is g0 and
// which refuel restores, and traps with `unreachable` without it, so that each export ends.
#pragma once

#include <string>

#include "base/bytes.h"
#include "generate_body.h"

namespace wherry::fuzz {

std::string generate_module(ByteSpan bytes, Purpose purpose = Purpose::Run);

}  // namespace wherry::fuzz
