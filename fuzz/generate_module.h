// Valid modules out of arbitrary bytes, for fuzzing what comes after validation.
//
// The same bytes always give the same module. A module exports "refuel" and "f0", "f1", ...; every
// loop and every call takes of a fuel that refuel restores, and traps with `unreachable` without it,
// so that each export ends.
#pragma once

#include <string>

#include "base/bytes.h"

namespace wherry::fuzz {

std::string generate_module(ByteSpan bytes);

}  // namespace wherry::fuzz
