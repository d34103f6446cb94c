// Guests that change over to compiled code at random moments, for tests: the compiler in the test's own process.
#pragma once

#include "wasm/engine/engine.h"

namespace wherry::wasm {

// Of a Store whose modules begin interpreted. When a function has been translated, code of random functions of
// its module may be published, at a random level, and of its loops, which are entered after a random number of
// passes. WHERRY_TEST_SEED in the environment chooses (1 without it).
EngineOptions forced_tier_up();
// The same for one Store, chosen by the seed.
EngineOptions forced_tier_up(std::uint32_t seed);

}  // namespace wherry::wasm
