// The artifact's header, field by field: docs/formats/artifact.md. All numbers little-endian.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wherry::wasm::artifact_format {

inline constexpr char kMagic[8] = {'W', 'H', 'R', 'Y', 'A', 'O', 'T', '\0'};
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kPage = 4096;

inline constexpr std::size_t kMagicAt = 0;
inline constexpr std::size_t kVersionAt = 8;        // u32
inline constexpr std::size_t kAbiVersionAt = 12;    // u32, abi::kVersion
inline constexpr std::size_t kFileBytesAt = 16;     // u64
inline constexpr std::size_t kModuleAt = 24;        // 32 bytes: SHA-256 of the module
inline constexpr std::size_t kEnvironmentAt = 56;   // 32 bytes: SHA-256 of ArtifactKey::environment
inline constexpr std::size_t kFunctionsAt = 88;     // u32
inline constexpr std::size_t kCompiledAt = 92;      // u32
inline constexpr std::size_t kTypesAt = 96;         // u32
inline constexpr std::size_t kTextAt = 104;         // u64, a multiple of kPage
inline constexpr std::size_t kTextBytesAt = 112;    // u64
inline constexpr std::size_t kRodataAt = 120;       // u64, the page boundary behind text
inline constexpr std::size_t kRodataBytesAt = 128;  // u64
inline constexpr std::size_t kHeaderBytes = 136;

}  // namespace wherry::wasm::artifact_format
