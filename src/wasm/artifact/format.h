// The artifact's header, field by field: docs/formats/artifact.md. All numbers little-endian.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wherry::wasm::artifact_format {

inline constexpr char kMagic[8] = {'W', 'H', 'R', 'Y', 'A', 'O', 'T', '\0'};
inline constexpr std::uint32_t kVersion = 3;
inline constexpr std::size_t kPage = 4096;

inline constexpr std::size_t kMagicAt = 0;
inline constexpr std::size_t kVersionAt = 8;        // u32
inline constexpr std::size_t kAbiVersionAt = 12;    // u32, abi::kVersion
inline constexpr std::size_t kFileBytesAt = 16;     // u64
inline constexpr std::size_t kModuleAt = 24;        // 32 bytes: SHA-256 of the module
inline constexpr std::size_t kEnvironmentAt = 56;   // 32 bytes: SHA-256 of ArtifactKey::environment
inline constexpr std::size_t kShapeAt = 88;         // 32 bytes: shape_of() the module
inline constexpr std::size_t kFunctionsAt = 120;    // u32
inline constexpr std::size_t kCompiledAt = 124;     // u32
inline constexpr std::size_t kTypesAt = 128;        // u32
inline constexpr std::size_t kLoopsAt = 132;        // u32
inline constexpr std::size_t kFramesAt = 136;       // u32
inline constexpr std::size_t kTextAt = 144;         // u64, a multiple of kPage
inline constexpr std::size_t kTextBytesAt = 152;    // u64
inline constexpr std::size_t kRodataAt = 160;       // u64, the page boundary behind text
inline constexpr std::size_t kRodataBytesAt = 168;  // u64
inline constexpr std::size_t kHeaderBytes = 176;

inline constexpr std::size_t kFunctionBytes = 8;  // of a row of each table
inline constexpr std::size_t kThunkBytes = 4;
inline constexpr std::size_t kByAddressBytes = 12;
inline constexpr std::size_t kLoopBytes = 12;
inline constexpr std::size_t kFrameBytes = 8;

}  // namespace wherry::wasm::artifact_format
