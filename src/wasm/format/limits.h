// How much of everything a module may have. The specification leaves these to the implementation
// (core spec 7.2); each is refused with "module over a limit at offset 0x..: ...".
//
// Most are those of the WebAssembly JavaScript interface, so that a module which runs in a browser
// is not refused here. The others keep the cost of reading a module in proportion to its size.
#pragma once

#include <cstdint>

namespace wherry::wasm::limits {

inline constexpr std::uint64_t kModuleBytes = 1u << 30;  // as in browsers; offsets fit 32 bits
inline constexpr std::uint32_t kTypes = 1'000'000;       // as in browsers
inline constexpr std::uint32_t kFunctions = 1'000'000;   // as in browsers; imports included
inline constexpr std::uint32_t kImports = 1'000'000;     // as in browsers
inline constexpr std::uint32_t kExports = 1'000'000;     // as in browsers
inline constexpr std::uint32_t kGlobals = 1'000'000;     // as in browsers
inline constexpr std::uint32_t kTables = 100'000;        // as in browsers
inline constexpr std::uint32_t kDataSegments = 100'000;  // as in browsers
inline constexpr std::uint32_t kElementSegments = 10'000'000;  // as in browsers
inline constexpr std::uint32_t kParams = 1'000;                // as in browsers, a type
inline constexpr std::uint32_t kResults = 1'000;               // as in browsers, a type
inline constexpr std::uint32_t kLocals = 50'000;  // as in browsers, a function, with parameters
inline constexpr std::uint32_t kBodyBytes = 7'654'321;       // as in browsers, a function
inline constexpr std::uint32_t kTableElements = 10'000'000;  // as in browsers: minimum of a table
// Elements of all segments together: each stands in memory many times as large as its one byte.
inline constexpr std::uint32_t kSegmentElements = 10'000'000;
// Parameters and results of all types together; likewise.
inline constexpr std::uint32_t kTypeValues = 100'000'000;
inline constexpr std::uint32_t kCustomSections = 100'000;

// Values on the operand stack: a body of two-byte calls with a thousand results would otherwise
// need gigabytes to be checked.
inline constexpr std::uint32_t kOperands = 1'000'000;
// Blocks inside one another; a frame each while the body is checked.
inline constexpr std::uint32_t kNesting = 100'000;

}  // namespace wherry::wasm::limits
