// What an image may make of a machine's disk and patience before it is refused.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wherry::image {

// For one image, all its layers together.
struct UnpackLimits {
  std::uint64_t bytes = 16ull << 30;  // of files, holes included; of archives, decompressed
  std::uint64_t entries = 1'000'000;
  std::size_t path_length = 4096;
  // gzip can make a thousand bytes of one, zstd far more; real programs and data stay below ten.
  std::uint64_t expansion = 500;
  std::uint64_t expansion_from = 128u << 20;  // less than this may expand as it likes
};

}  // namespace wherry::image
