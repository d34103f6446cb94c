// A module's native code in a file (docs/formats/artifact.md): written by the compiler, mapped by the engine.
//
// The file is trusted code: whoever can write it owns the process that maps it. map() checks that it is whole
// and made for this machine, module and version, not that its instructions are harmless.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"

namespace wherry::wasm {

// What an artifact is looked up by: all that its code depends on.
struct ArtifactKey {
  Digest module;            // of the module's bytes
  std::string environment;  // compiler, target, CPU features, options
  bool operator==(const ArtifactKey&) const = default;
};

// Code to be written. Offsets are from the start of text.
struct ArtifactContent {
  struct Range {
    std::uint32_t start = 0;
    std::uint32_t size = 0;
  };
  std::vector<Range> functions;  // of the module's own, by their order; size 0: not compiled
  std::vector<std::uint32_t> entry_thunks;  // of the module's types
  std::vector<std::uint32_t> exit_thunks;
  std::vector<std::uint8_t> text;
  std::vector<std::uint8_t> rodata;  // follows text at the next page boundary
};

std::vector<std::uint8_t> write_artifact(const ArtifactKey& key, const ArtifactContent& content);

// Mapped shared and read-only, the text executable. Thread safety: immutable.
class Artifact {
 public:
  // Throws Error(FailedPrecondition) "artifact: ..." for a file that is cut, of another version or for
  // another key. The descriptor is not kept.
  static Artifact map(int fd, const ArtifactKey& key);

  Artifact(Artifact&& other) noexcept;
  Artifact& operator=(Artifact&&) = delete;
  ~Artifact();

  std::size_t functions() const { return functions_; }
  std::size_t types() const { return types_; }
  // Null where the function was not compiled. defined: without the imports.
  const std::uint8_t* function(std::uint32_t defined) const;
  const std::uint8_t* entry_thunk(std::uint32_t type) const;
  const std::uint8_t* exit_thunk(std::uint32_t type) const;

  bool contains(const void* pc) const {
    const auto* at = static_cast<const std::uint8_t*>(pc);
    return at >= text_ && at < text_ + text_size_;
  }
  // The function whose code is at pc, and where it starts. Requires: contains(pc).
  struct Place {
    std::uint32_t defined = 0;
    const std::uint8_t* start = nullptr;
  };
  std::optional<Place> find(const void* pc) const;

 private:
  Artifact() = default;

  std::uint8_t* mapping_ = nullptr;
  std::size_t mapped_ = 0;
  const std::uint8_t* text_ = nullptr;
  std::size_t text_size_ = 0;
  std::uint32_t functions_ = 0;
  std::uint32_t types_ = 0;
  const std::uint8_t* ranges_ = nullptr;  // start, size of each function
  const std::uint8_t* entry_thunks_ = nullptr;
  const std::uint8_t* exit_thunks_ = nullptr;
  const std::uint8_t* by_address_ = nullptr;  // start, function
  std::uint32_t compiled_ = 0;                // rows of by_address_
};

}  // namespace wherry::wasm
