// Object files to one flat piece of code without relocations. Internal to wasm/compiler.
//
// Symbols: f<i> a function, imports counted; enter<t> and leave<t> a type's thunks; loop<i>_<n> function i
// entered at the n-th `loop` of its body; table_types and table_offsets what ModuleLowering makes of a fixed table,
// its functions weak: 0 where no object has them.
#pragma once

#include <llvm/Object/ELFObjectFile.h>

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "wasm/artifact/artifact.h"

namespace wherry::wasm::compiler {

// Everything throws Error(Internal) for what such objects should not have: a symbol that nobody defines, an
// address that depends on where they are loaded. Bytes that are added must outlive the Linker.
class Linker {
 public:
  // Of the module: imported functions, its own, types.
  Linker(std::uint32_t imported, std::uint32_t functions, std::uint32_t types);

  enum class Calls { Direct, ByEntry };
  // Of a symbol that several objects define, the first counts. calls: of the object's functions.
  void add(std::span<const std::uint8_t> object, Calls calls = Calls::Direct);
  // For the module's functions that are called by their entries, or that no object has. Requires: all objects were
  // added.
  void add_stubs();

  // Text, rodata and all tables; not the shape. Requires: called once.
  ArtifactContent finish();

 private:
  enum class Kind { Text, Rodata, Other };
  // Where a section's bytes went: in text or rodata.
  struct Placed {
    Kind kind = Kind::Other;
    std::uint64_t offset = 0;
  };
  struct Input {
    std::unique_ptr<llvm::object::ELF64LEObjectFile> file;
    std::map<std::uint64_t, Placed> sections;  // by index
  };
  using Symbols = std::map<std::string, ArtifactContent::Range, std::less<>>;

  static Kind kind_of(const llvm::object::SectionRef& section);
  std::set<std::uint32_t> missing() const;  // imports counted
  void relocate();
  std::uint8_t* place_of(const Placed& section, const llvm::object::ELFRelocationRef& relocation);
  void apply(const Input& input, const Placed& section,
             const llvm::object::ELFRelocationRef& relocation);
  std::uint64_t rodata_start() const;
  std::uint64_t address(const Placed& placed) const {
    return placed.offset + (placed.kind == Kind::Rodata ? rodata_start() : 0);
  }
  std::optional<std::uint32_t> find(std::string_view name) const;
  std::uint32_t thunk(std::string_view prefix, std::uint32_t type) const;  // kNoThunk if none

  std::uint32_t imported_;
  std::uint32_t functions_;
  std::uint32_t types_;
  ArtifactContent content_;
  Symbols symbols_;
  std::set<std::uint32_t> by_entry_;  // functions that are called so, imports counted
  std::map<std::string, std::uint32_t, std::less<>> stubs_;           // where in text
  std::map<std::string, std::uint64_t, std::less<>> rodata_symbols_;  // where in rodata
  std::vector<Input> inputs_;
};

}  // namespace wherry::wasm::compiler
