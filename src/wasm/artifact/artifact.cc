#include "wasm/artifact/artifact.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "wasm/abi/abi.h"
#include "wasm/artifact/format.h"

namespace wherry::wasm {

using namespace artifact_format;

namespace {

[[noreturn]] void refuse(std::string_view why) {
  fail(ErrorKind::FailedPrecondition, "artifact: {}", why);
}

std::uint32_t u32_at(const std::uint8_t* table, std::size_t index) {
  return load_little<std::uint32_t>(table + index * 4);
}

// How many rows, of `columns` numbers each and by the first, start at or below it.
std::size_t rows_up_to(const std::uint8_t* table, std::size_t rows, std::size_t columns,
                       std::uint32_t offset) {
  std::size_t low = 0;
  std::size_t high = rows;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (u32_at(table, columns * middle) <= offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Digest digest_at(const std::uint8_t* at) {
  Digest digest;
  std::memcpy(digest.sha256.data(), at, digest.sha256.size());
  return digest;
}

}  // namespace

Artifact Artifact::map(int fd, const ArtifactKey& key) {
  Artifact artifact = map(fd, key.environment);
  if (artifact.module() != key.module) refuse("of another module");
  return artifact;
}

Artifact Artifact::map(int fd, std::string_view environment) {
  struct stat status;
  sys([&] { return ::fstat(fd, &status); }, "artifact: stat");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode)) refuse("not a regular file");
  if (size < kHeaderBytes || size % kPage != 0) refuse("cut short");

  Artifact artifact;
  // Before Linux 6.7 a sealed file cannot be mapped shared, not even to be read.
  int sharing = MAP_SHARED;
  void* at = ::mmap(nullptr, size, PROT_READ, sharing, fd, 0);
  if (at == MAP_FAILED && errno == EPERM) {
    sharing = MAP_PRIVATE;
    at = ::mmap(nullptr, size, PROT_READ, sharing, fd, 0);
  }
  if (at == MAP_FAILED) fail_errno(errno, "artifact: map");
  artifact.mapping_ = static_cast<std::uint8_t*>(at);
  artifact.mapped_ = size;

  const std::uint8_t* header = artifact.mapping_;
  if (std::memcmp(header + kMagicAt, kMagic, sizeof kMagic) != 0) refuse("not an artifact");
  if (load_little<std::uint32_t>(header + kVersionAt) != kVersion ||
      load_little<std::uint32_t>(header + kAbiVersionAt) != abi::kVersion) {
    refuse("of another version");
  }
  if (load_little<std::uint64_t>(header + kFileBytesAt) != size) refuse("cut short");
  if (digest_at(header + kEnvironmentAt) != digest_of(as_bytes(environment))) {
    refuse("for another machine or compiler");
  }
  artifact.functions_ = load_little<std::uint32_t>(header + kFunctionsAt);
  artifact.compiled_ = load_little<std::uint32_t>(header + kCompiledAt);
  artifact.types_ = load_little<std::uint32_t>(header + kTypesAt);
  artifact.loops_ = load_little<std::uint32_t>(header + kLoopsAt);
  artifact.frames_ = load_little<std::uint32_t>(header + kFramesAt);
  const auto text_at = load_little<std::uint64_t>(header + kTextAt);
  const auto text_bytes = load_little<std::uint64_t>(header + kTextBytesAt);
  const auto rodata_at = load_little<std::uint64_t>(header + kRodataAt);
  const auto rodata_bytes = load_little<std::uint64_t>(header + kRodataBytesAt);
  std::uint64_t end = kHeaderBytes;
  auto table = [&](std::uint64_t rows, std::size_t row_bytes) {
    const std::uint64_t start = end;
    end += rows * row_bytes;  // 33 bits of rows: no overflow
    return start;
  };
  const std::uint64_t ranges = table(artifact.functions_, kFunctionBytes);
  const std::uint64_t entry_thunks = table(artifact.types_, kThunkBytes);
  const std::uint64_t exit_thunks = table(artifact.types_, kThunkBytes);
  const std::uint64_t by_address =
      table(std::uint64_t{artifact.compiled_} + artifact.loops_, kByAddressBytes);
  const std::uint64_t loop_table = table(artifact.loops_, kLoopBytes);
  const std::uint64_t frame_table = table(artifact.frames_, kFrameBytes);
  // In this order, so that no sum is larger than the file.
  if (text_at % kPage != 0 || text_at > size || end > text_at || text_bytes > size - text_at ||
      text_bytes > UINT32_MAX || rodata_at % kPage != 0 || rodata_at < text_at + text_bytes ||
      rodata_at > size || rodata_bytes > size - rodata_at) {
    refuse("its tables lie outside of it");
  }
  artifact.ranges_ = header + ranges;
  artifact.entry_thunks_ = header + entry_thunks;
  artifact.exit_thunks_ = header + exit_thunks;
  artifact.by_address_ = header + by_address;
  artifact.loop_table_ = header + loop_table;
  artifact.frame_table_ = header + frame_table;
  artifact.text_ = header + text_at;
  artifact.text_size_ = text_bytes;
  artifact.check_tables();
  // Mapped once more: a confined process may map a file for execution, and not make memory executable.
  if (text_bytes > 0 &&
      ::mmap(artifact.mapping_ + text_at, rodata_at - text_at, PROT_READ | PROT_EXEC,
             sharing | MAP_FIXED, fd, static_cast<off_t>(text_at)) == MAP_FAILED) {
    fail_errno(errno, "artifact: make the code executable");
  }
  return artifact;
}

void Artifact::check_tables() const {
  std::size_t present = 0;
  for (std::size_t i = 0; i < functions_; ++i) {
    const std::uint64_t start = u32_at(ranges_, 2 * i);
    const std::uint32_t size = u32_at(ranges_, 2 * i + 1);
    if (start + size > text_size_) refuse("a function lies outside");
    if (size > 0) ++present;
  }
  for (const std::uint8_t* thunks : {entry_thunks_, exit_thunks_}) {
    for (std::size_t i = 0; i < types_; ++i) {
      const std::uint32_t start = u32_at(thunks, i);
      if (start != ArtifactContent::kNoThunk && start >= text_size_) refuse("a thunk lies outside");
    }
  }
  if (present != compiled_) refuse("its functions are out of order");
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < std::size_t{compiled_} + loops_; ++i) {
    const std::uint32_t start = u32_at(by_address_, 3 * i);
    const std::uint32_t end = u32_at(by_address_, 3 * i + 1);
    if (start < last || end <= start || end > text_size_ ||
        u32_at(by_address_, 3 * i + 2) >= functions_) {
      refuse("its functions are out of order");
    }
    last = end;
  }
  for (std::size_t i = 0; i < loops_; ++i) {
    const LoopId id{.function = u32_at(loop_table_, 3 * i),
                    .ordinal = u32_at(loop_table_, 3 * i + 1)};
    if (id.function >= functions_ || u32_at(loop_table_, 3 * i + 2) >= text_size_) {
      refuse("a loop lies outside");
    }
    if (i > 0 && id <= loop(i - 1).loop) refuse("its loops are out of order");
  }
  for (std::size_t i = 1; i < frames_; ++i) {
    if (u32_at(frame_table_, 2 * i) <= u32_at(frame_table_, 2 * (i - 1))) {
      refuse("its frames are out of order");
    }
  }
}

Artifact::Artifact(Artifact&& other) noexcept
    : mapping_(std::exchange(other.mapping_, nullptr)),
      mapped_(other.mapped_),
      text_(other.text_),
      text_size_(other.text_size_),
      functions_(other.functions_),
      types_(other.types_),
      compiled_(other.compiled_),
      loops_(other.loops_),
      frames_(other.frames_),
      ranges_(other.ranges_),
      entry_thunks_(other.entry_thunks_),
      exit_thunks_(other.exit_thunks_),
      by_address_(other.by_address_),
      loop_table_(other.loop_table_),
      frame_table_(other.frame_table_) {}

Artifact::~Artifact() {
  if (mapping_) ::munmap(mapping_, mapped_);
}

Digest Artifact::module() const { return digest_at(mapping_ + kModuleAt); }
Digest Artifact::shape() const { return digest_at(mapping_ + kShapeAt); }

const std::uint8_t* Artifact::function(std::uint32_t defined) const {
  WHERRY_CHECK(defined < functions_);
  if (u32_at(ranges_, std::size_t{2} * defined + 1) == 0) return nullptr;
  return text_ + u32_at(ranges_, std::size_t{2} * defined);
}

const std::uint8_t* Artifact::thunk(const std::uint8_t* table, std::uint32_t type) const {
  WHERRY_CHECK(type < types_);
  const std::uint32_t start = u32_at(table, type);
  return start == ArtifactContent::kNoThunk ? nullptr : text_ + start;
}

const std::uint8_t* Artifact::entry_thunk(std::uint32_t type) const {
  return thunk(entry_thunks_, type);
}

const std::uint8_t* Artifact::exit_thunk(std::uint32_t type) const {
  return thunk(exit_thunks_, type);
}

Artifact::Loop Artifact::loop(std::size_t index) const {
  WHERRY_CHECK(index < loops_);
  return {.loop = {.function = u32_at(loop_table_, 3 * index),
                   .ordinal = u32_at(loop_table_, 3 * index + 1)},
          .code = text_ + u32_at(loop_table_, 3 * index + 2)};
}

std::optional<Artifact::Place> Artifact::find(const void* pc) const {
  const auto offset = static_cast<std::uint32_t>(static_cast<const std::uint8_t*>(pc) - text_);
  const std::size_t row = rows_up_to(by_address_, std::size_t{compiled_} + loops_, 3, offset);
  if (row == 0 || offset >= u32_at(by_address_, 3 * (row - 1) + 1)) return std::nullopt;
  return Place{.defined = u32_at(by_address_, 3 * (row - 1) + 2),
               .start = text_ + u32_at(by_address_, 3 * (row - 1))};
}

std::optional<std::uint32_t> Artifact::frame(const void* pc) const {
  const auto offset = static_cast<std::uint32_t>(static_cast<const std::uint8_t*>(pc) - text_);
  const std::size_t row = rows_up_to(frame_table_, frames_, 2, offset);
  if (row == 0) return std::nullopt;
  const std::uint32_t bytes = u32_at(frame_table_, 2 * (row - 1) + 1);
  if (bytes == 0) return std::nullopt;
  return bytes;
}

}  // namespace wherry::wasm
