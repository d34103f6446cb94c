// Valid modules from a seed, for two engines to be held to each other: straight stretches of stack
// code between all kinds of blocks, so that operands, locals and constants of every age meet.
//
// What the specification leaves open never shows: bits of a NaN that arithmetic made are replaced
// before they are stored, reinterpreted or their sign is copied. Every program ends: loops and calls
// take of a fuel kept in global 0, and trap without it.
#pragma once

#include <cstdint>
#include <string>

namespace wherry::differential {

// Exports: the functions "f0" and on, "refuel" (i32) -> (), "memory", and the globals "g1" and on.
// The same seed gives the same bytes everywhere. size: instructions of a function, about.
std::string generate(std::uint64_t seed, unsigned size);

// Loops over arrays; exports as above. A function whose name begins with x may run off the end of the memory,
// and how much of its last stores is done then is left open: what compiles may do several at once.
std::string generate_arrays(std::uint64_t seed);

}  // namespace wherry::differential
