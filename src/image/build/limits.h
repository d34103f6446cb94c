// What a Dockerfile and its context may be at most. A Dockerfile comes from anywhere, so every
// quantity that it controls has a bound that is far above real use.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wherry::build {

inline constexpr std::size_t kMaxDockerfileBytes = 4u << 20;
inline constexpr std::size_t kMaxDockerfileLines = 100'000;
inline constexpr std::size_t kMaxInstructionBytes = 256u << 10;  // continuation lines joined
inline constexpr std::size_t kMaxHeredocBytes = 1u << 20;
inline constexpr std::size_t kMaxHeredocsOfInstruction = 64;
inline constexpr std::size_t kMaxStages = 256;
inline constexpr std::size_t kMaxInstructions = 10'000;

inline constexpr std::size_t kMaxExpandedBytes = 1u << 20;  // one word after expansion
inline constexpr std::size_t kMaxExpansionDepth = 32;       // ${a:-${b:-…}}
inline constexpr std::size_t kMaxPatternedValueBytes = 16u
                                                       << 10;  // what ${x%…} and ${x/…/…} work on
inline constexpr std::size_t kMaxJsonDepth = 32;

inline constexpr std::size_t kMaxIgnoreFileBytes = 1u << 20;
inline constexpr std::size_t kMaxIgnorePatterns = 10'000;
inline constexpr std::size_t kMaxGlobBytes = 4096;

inline constexpr std::size_t kMaxLayers = 512;             // of an image, its base's included
inline constexpr std::size_t kMaxTreeEntries = 1'000'000;  // files and directories of one stage
inline constexpr std::size_t kMaxPathDepth = 256;          // directories in directories
inline constexpr std::size_t kMaxPathBytes = 4096;
inline constexpr std::size_t kMaxSymlinks = 40;  // followed while one path is resolved, as Linux
inline constexpr std::uint64_t kMaxUnpackedBytes = 16ull << 30;  // of one archive given to ADD

}  // namespace wherry::build
