// Archives as `ADD` takes them apart: an Error, or entries with a name and no more bytes than they say.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/bytes.h"
#include "base/error.h"
#include "image/store/archive_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry;
  // A file with holes may say that it is as large as it likes: its reader has limits of its own.
  constexpr std::uint64_t kMostRead = 4u << 20;
  ByteSpan bytes(data, size);
  (void)outcome_of([&] {
    image::ArchiveReader archive([&](std::span<std::uint8_t> buffer) {
      // In pieces, so that what is read together comes apart.
      std::size_t count = std::min({buffer.size(), bytes.size(), std::size_t{1000}});
      if (count > 0) std::memcpy(buffer.data(), bytes.data(), count);
      bytes = bytes.subspan(count);
      return count;
    });
    if (!archive.is_archive()) return false;
    std::uint64_t total = 0;
    while (auto entry = archive.next()) {
      WHERRY_CHECK(!entry->path.empty());
      WHERRY_CHECK((entry->mode & ~07777u) == 0);
      constexpr auto kNoId = std::numeric_limits<std::uint32_t>::max();
      WHERRY_CHECK(entry->uid != kNoId && entry->gid != kNoId);
      if (entry->type != image::ArchiveEntryType::File) continue;
      std::array<std::uint8_t, 4096> buffer;
      std::uint64_t of_file = 0;
      while (total < kMostRead) {
        std::size_t got = archive.read(buffer);
        if (got == 0) break;
        WHERRY_CHECK(got <= buffer.size());
        of_file += got;
        total += got;
      }
      WHERRY_CHECK(of_file <= entry->size);
      if (total >= kMostRead) break;
    }
    return true;
  });
  return 0;
}
