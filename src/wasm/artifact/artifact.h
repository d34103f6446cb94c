// A module's native code in a file (docs/formats/artifact.md): written by the compiler, mapped by the engine.
//
// The file is trusted code: whoever can write it owns the process that maps it. map() checks that it is whole
// and made for this machine, module and version, not that its instructions are harmless.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"

namespace wherry::wasm {

// What an artifact is looked up by: all that its code depends on.
struct ArtifactKey {
  Digest module;            // of the module's bytes
  std::string environment;  // environment_for() the machine
  bool operator==(const ArtifactKey&) const = default;
};

// A loop of a function: the ordinal-th `loop` of its body, in the order of the bytes.
struct LoopId {
  std::uint32_t function = 0;  // without the imports
  std::uint32_t ordinal = 0;
  auto operator<=>(const LoopId&) const = default;
};

// Code to be written. Offsets are from the start of text.
struct ArtifactContent {
  struct Range {
    std::uint32_t start = 0;
    std::uint32_t size = 0;
  };
  // Code that goes on at a loop's head, in a frame that others began.
  struct Loop {
    LoopId loop;
    Range code;
  };
  // From start to the next row's: how far above the stack pointer the caller's is. 0: not known.
  struct Frame {
    std::uint32_t start = 0;
    std::uint32_t bytes = 0;
  };
  static constexpr std::uint32_t kNoThunk = ~std::uint32_t{0};
  Digest shape;                  // of the module
  std::vector<Range> functions;  // of the module's own, by their order; size 0: not compiled
  // Of the module's types; kNoThunk where nothing in text is entered by that type, or enters others by it.
  std::vector<std::uint32_t> entry_thunks;
  std::vector<std::uint32_t> exit_thunks;
  std::vector<Loop> loops;    // by function and ordinal, each once
  std::vector<Frame> frames;  // by start
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
  // Of whichever module: the engine takes it for none of another shape.
  static Artifact map(int fd, std::string_view environment);

  Artifact(Artifact&& other) noexcept;
  Artifact& operator=(Artifact&&) = delete;
  ~Artifact();

  Digest module() const;
  Digest shape() const;  // shape_of() the module that it is for
  std::size_t functions() const { return functions_; }
  std::size_t compiled() const { return compiled_; }  // how many of them are in it
  std::size_t types() const { return types_; }
  // Null where the function was not compiled. defined: without the imports.
  const std::uint8_t* function(std::uint32_t defined) const;
  // Null where no code needs it.
  const std::uint8_t* entry_thunk(std::uint32_t type) const;
  const std::uint8_t* exit_thunk(std::uint32_t type) const;

  // Loops that can be entered, by function and ordinal. Requires: index < loops().
  struct Loop {
    LoopId loop;
    const std::uint8_t* code = nullptr;
  };
  std::size_t loops() const { return loops_; }
  Loop loop(std::size_t index) const;

  bool contains(const void* pc) const {
    const auto* at = static_cast<const std::uint8_t*>(pc);
    return at >= text_ && at < text_ + text_size_;
  }
  // The function whose code is at pc, and where that code starts, which for one that was entered at a loop
  // is not function(). Requires: contains(pc).
  struct Place {
    std::uint32_t defined = 0;
    const std::uint8_t* start = nullptr;
  };
  std::optional<Place> find(const void* pc) const;
  // How far above the stack pointer the caller's is, before the instruction at pc. Requires: contains(pc).
  std::optional<std::uint32_t> frame(const void* pc) const;

 private:
  Artifact() = default;
  void check_tables() const;
  const std::uint8_t* thunk(const std::uint8_t* table, std::uint32_t type) const;

  std::uint8_t* mapping_ = nullptr;
  std::size_t mapped_ = 0;
  const std::uint8_t* text_ = nullptr;
  std::size_t text_size_ = 0;
  std::uint32_t functions_ = 0;
  std::uint32_t types_ = 0;
  std::uint32_t compiled_ = 0;
  std::uint32_t loops_ = 0;
  std::uint32_t frames_ = 0;
  const std::uint8_t* ranges_ = nullptr;  // start, size of each function
  const std::uint8_t* entry_thunks_ = nullptr;
  const std::uint8_t* exit_thunks_ = nullptr;
  const std::uint8_t* by_address_ = nullptr;   // start, end, function: compiled_ + loops_
  const std::uint8_t* loop_table_ = nullptr;   // function, ordinal, start
  const std::uint8_t* frame_table_ = nullptr;  // start, bytes
};

}  // namespace wherry::wasm
