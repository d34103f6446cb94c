// Arbitrary bytes, filled up with zeros to whole pages, as an artifact: refused by one Error, or every table
// of it can be asked about anything and answers with places inside of it.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/error.h"
#include "wasm/abi/abi.h"
#include "wasm/artifact/artifact.h"
#include "wasm/artifact/format.h"

namespace {

using wherry::wasm::Artifact;
namespace format = wherry::wasm::artifact_format;

void must(bool holds) {
  if (!holds) std::abort();
}

void ask(const Artifact& artifact) {
  auto inside = [&](const std::uint8_t* code) { must(artifact.contains(code)); };
  std::size_t present = 0;
  for (std::uint32_t i = 0; i < artifact.functions(); ++i) {
    const std::uint8_t* code = artifact.function(i);
    if (!code) continue;
    ++present;
    inside(code);
    artifact.find(code);
    artifact.frame(code);
  }
  must(present == artifact.compiled());
  for (std::uint32_t i = 0; i < artifact.types(); ++i) {
    const std::uint8_t* entry = artifact.entry_thunk(i);
    if (const std::uint8_t* exit = artifact.exit_thunk(i)) inside(exit);
    if (!entry) continue;
    inside(entry);
    for (const std::uint8_t* at = entry - 2; at < entry + 2; ++at) {
      if (!artifact.contains(at)) continue;
      artifact.frame(at);
      if (auto place = artifact.find(at)) {
        must(place->defined < artifact.functions());
        inside(place->start);
      }
    }
  }
  for (std::size_t i = 0; i < artifact.loops(); ++i) {
    must(artifact.loop(i).loop.function < artifact.functions());
    inside(artifact.loop(i).code);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = ::memfd_create("artifact", MFD_CLOEXEC);
  constexpr std::size_t kPage = format::kPage;
  constexpr std::size_t kMost = 16 * kPage;
  size = std::min(size, kMost);
  std::vector<std::uint8_t> bytes(data, data + size);
  std::size_t pages = (size + kPage - 1) / kPage;
  if (size >= format::kModuleAt) {
    // Of the present versions, so that the seeds stay good, and as long as it says it is.
    wherry::store_little<std::uint32_t>(bytes.data() + format::kVersionAt, format::kVersion);
    wherry::store_little<std::uint32_t>(bytes.data() + format::kAbiVersionAt,
                                        wherry::wasm::abi::kVersion);
    const auto said = wherry::load_little<std::uint64_t>(bytes.data() + format::kFileBytesAt);
    if (said <= kMost) pages = std::max<std::size_t>(pages, said / kPage);
  }
  must(::ftruncate(file, 0) == 0 &&
       ::pwrite(file, bytes.data(), size, 0) == static_cast<ssize_t>(size));
  must(::ftruncate(file, static_cast<off_t>(pages * kPage)) == 0);
  try {
    ask(Artifact::map(file, "fuzz"));
  } catch (const wherry::Error& error) {
    must(error.kind() == wherry::ErrorKind::FailedPrecondition);
  }
  return 0;
}
