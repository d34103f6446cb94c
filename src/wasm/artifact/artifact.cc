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

}  // namespace

Artifact Artifact::map(int fd, const ArtifactKey& key) {
  struct stat status;
  sys([&] { return ::fstat(fd, &status); }, "artifact: stat");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode)) refuse("not a regular file");
  if (size < kHeaderBytes || size % kPage != 0) refuse("cut short");

  Artifact artifact;
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
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
  if (std::memcmp(header + kModuleAt, key.module.sha256.data(), 32) != 0)
    refuse("of another module");
  Sha256 environment;
  environment.update(as_bytes(key.environment));
  if (std::memcmp(header + kEnvironmentAt, environment.finish().sha256.data(), 32) != 0) {
    refuse("for another machine or compiler");
  }
  artifact.functions_ = load_little<std::uint32_t>(header + kFunctionsAt);
  artifact.compiled_ = load_little<std::uint32_t>(header + kCompiledAt);
  artifact.types_ = load_little<std::uint32_t>(header + kTypesAt);
  const auto text_at = load_little<std::uint64_t>(header + kTextAt);
  const auto text_bytes = load_little<std::uint64_t>(header + kTextBytesAt);
  const auto rodata_at = load_little<std::uint64_t>(header + kRodataAt);
  const auto rodata_bytes = load_little<std::uint64_t>(header + kRodataBytesAt);
  const std::uint64_t tables_end = kHeaderBytes + std::uint64_t{8} * artifact.functions_ +
                                   std::uint64_t{8} * artifact.types_ +
                                   std::uint64_t{8} * artifact.compiled_;
  if (artifact.compiled_ > artifact.functions_ || tables_end > text_at || text_at % kPage != 0 ||
      text_at > size || text_bytes > size - text_at || rodata_at % kPage != 0 ||
      rodata_at < text_at + text_bytes || rodata_at > size || rodata_bytes > size - rodata_at) {
    refuse("its tables lie outside of it");
  }
  artifact.ranges_ = header + kHeaderBytes;
  artifact.entry_thunks_ = artifact.ranges_ + std::size_t{8} * artifact.functions_;
  artifact.exit_thunks_ = artifact.entry_thunks_ + std::size_t{4} * artifact.types_;
  artifact.by_address_ = artifact.exit_thunks_ + std::size_t{4} * artifact.types_;
  artifact.text_ = artifact.mapping_ + text_at;
  artifact.text_size_ = text_bytes;
  for (std::size_t i = 0; i < artifact.functions_; ++i) {
    const std::uint64_t start = u32_at(artifact.ranges_, 2 * i);
    if (start + u32_at(artifact.ranges_, 2 * i + 1) > text_bytes) refuse("a function lies outside");
  }
  for (std::size_t i = 0; i < std::size_t{2} * artifact.types_; ++i) {
    if (u32_at(artifact.entry_thunks_, i) >= text_bytes) refuse("a thunk lies outside");
  }
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < artifact.compiled_; ++i) {
    const std::uint32_t function = u32_at(artifact.by_address_, 2 * i + 1);
    const std::uint32_t start = u32_at(artifact.by_address_, 2 * i);
    if (function >= artifact.functions_ || start < last ||
        u32_at(artifact.ranges_, std::size_t{2} * function) != start) {
      refuse("its functions are out of order");
    }
    last = start;
  }
  if (text_bytes > 0 &&
      ::mprotect(artifact.mapping_ + text_at, rodata_at - text_at, PROT_READ | PROT_EXEC) != 0) {
    fail_errno(errno, "artifact: make the code executable");
  }
  return artifact;
}

Artifact::Artifact(Artifact&& other) noexcept
    : mapping_(std::exchange(other.mapping_, nullptr)),
      mapped_(other.mapped_),
      text_(other.text_),
      text_size_(other.text_size_),
      functions_(other.functions_),
      types_(other.types_),
      ranges_(other.ranges_),
      entry_thunks_(other.entry_thunks_),
      exit_thunks_(other.exit_thunks_),
      by_address_(other.by_address_),
      compiled_(other.compiled_) {}

Artifact::~Artifact() {
  if (mapping_) ::munmap(mapping_, mapped_);
}

const std::uint8_t* Artifact::function(std::uint32_t defined) const {
  WHERRY_CHECK(defined < functions_);
  if (u32_at(ranges_, std::size_t{2} * defined + 1) == 0) return nullptr;
  return text_ + u32_at(ranges_, std::size_t{2} * defined);
}

const std::uint8_t* Artifact::entry_thunk(std::uint32_t type) const {
  WHERRY_CHECK(type < types_);
  return text_ + u32_at(entry_thunks_, type);
}

const std::uint8_t* Artifact::exit_thunk(std::uint32_t type) const {
  WHERRY_CHECK(type < types_);
  return text_ + u32_at(exit_thunks_, type);
}

std::optional<Artifact::Place> Artifact::find(const void* pc) const {
  const auto offset = static_cast<std::uint32_t>(static_cast<const std::uint8_t*>(pc) - text_);
  std::size_t low = 0;
  std::size_t high = compiled_;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (u32_at(by_address_, 2 * middle) <= offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return std::nullopt;
  const std::uint32_t defined = u32_at(by_address_, 2 * (low - 1) + 1);
  const std::uint32_t start = u32_at(ranges_, std::size_t{2} * defined);
  if (offset - start >= u32_at(ranges_, std::size_t{2} * defined + 1)) return std::nullopt;
  return Place{.defined = defined, .start = text_ + start};
}

}  // namespace wherry::wasm
