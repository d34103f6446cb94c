#include "wasm/compiler/link.h"

#include <llvm/BinaryFormat/ELF.h>
#include <llvm/Object/ELFObjectFile.h>

#include <cstring>
#include <map>
#include <memory>

#include "base/error.h"
#include "wasm/artifact/format.h"

namespace wherry::wasm::compiler {

namespace {

using llvm::object::ELF64LEObjectFile;
using llvm::object::ELFSymbolRef;
using llvm::object::SectionRef;

template <typename T>
T good(llvm::Expected<T> value) {
  if (!value) fail(ErrorKind::Internal, "LLVM: {}", llvm::toString(value.takeError()));
  return std::move(*value);
}

enum class Kind { Text, Rodata, Other };

Kind kind_of(const SectionRef& section) {
  const llvm::object::ELFSectionRef elf(section);
  const std::uint64_t flags = elf.getFlags();
  if (!(flags & llvm::ELF::SHF_ALLOC) || section.getSize() == 0) return Kind::Other;
  if (flags & llvm::ELF::SHF_EXECINSTR) return Kind::Text;
  const llvm::StringRef name = good(section.getName());
  if (flags & llvm::ELF::SHF_WRITE && !name.starts_with(".data.rel.ro")) {
    fail(ErrorKind::Internal, "link: section '{}' is writable", name.str());
  }
  return name.starts_with(".eh_frame") ? Kind::Other : Kind::Rodata;
}

// Where a section's bytes went: in text or rodata.
struct Placed {
  Kind kind = Kind::Other;
  std::uint64_t offset = 0;
};

class Linker {
 public:
  void add(llvm::ArrayRef<char> object);
  void relocate();
  ArtifactContent content;
  std::map<std::string, ArtifactContent::Range> symbols;

 private:
  struct Input {
    std::unique_ptr<ELF64LEObjectFile> file;
    std::map<std::uint64_t, Placed> sections;  // by index
  };
  std::uint64_t rodata_start() const {
    const std::size_t page = artifact_format::kPage;
    return (content.text.size() + page - 1) / page * page;
  }
  std::uint64_t address(const Placed& placed) const {
    return placed.offset + (placed.kind == Kind::Rodata ? rodata_start() : 0);
  }
  void apply(const Input& input, const Placed& section,
             const llvm::object::ELFRelocationRef& relocation);

  std::vector<Input> inputs_;
};

void Linker::add(llvm::ArrayRef<char> object) {
  llvm::MemoryBufferRef buffer(llvm::StringRef(object.data(), object.size()), "object");
  Input input{.file = std::make_unique<ELF64LEObjectFile>(good(ELF64LEObjectFile::create(buffer))),
              .sections = {}};
  for (const SectionRef& section : input.file->sections()) {
    const Kind kind = kind_of(section);
    if (kind == Kind::Other) continue;
    std::vector<std::uint8_t>& out = kind == Kind::Text ? content.text : content.rodata;
    const std::uint64_t alignment = section.getAlignment().value();
    out.resize((out.size() + alignment - 1) / alignment * alignment, kind == Kind::Text ? 0xcc : 0);
    input.sections[section.getIndex()] = {.kind = kind, .offset = out.size()};
    const llvm::StringRef bytes = good(section.getContents());
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  for (const ELFSymbolRef& symbol : input.file->symbols()) {
    const auto section = good(symbol.getSection());
    if (section == input.file->section_end()) continue;
    auto placed = input.sections.find(section->getIndex());
    if (placed == input.sections.end() || placed->second.kind != Kind::Text) continue;
    const std::string name = good(symbol.getName()).str();
    if (name.empty()) continue;
    symbols[name] = {
        .start = static_cast<std::uint32_t>(placed->second.offset + good(symbol.getValue())),
        .size = static_cast<std::uint32_t>(symbol.getSize())};
  }
  inputs_.push_back(std::move(input));
}

void Linker::apply(const Input& input, const Placed& section,
                   const llvm::object::ELFRelocationRef& relocation) {
  const ELFSymbolRef symbol = *relocation.getSymbol();
  const std::string name = good(symbol.getName()).str();
  const auto target_section = good(symbol.getSection());
  std::uint64_t target;
  if (target_section != input.file->section_end()) {
    auto placed = input.sections.find(target_section->getIndex());
    if (placed == input.sections.end()) {
      fail(ErrorKind::Internal, "link: '{}' is in a section that is not kept", name);
    }
    target = address(placed->second) + good(symbol.getValue());
  } else {
    auto found = symbols.find(name);
    if (found == symbols.end()) fail(ErrorKind::Internal, "link: nobody defines '{}'", name);
    target = found->second.start;
  }
  target += static_cast<std::uint64_t>(good(relocation.getAddend()));
  const std::uint64_t at = section.offset + relocation.getOffset();
  std::uint8_t* bytes = (section.kind == Kind::Text ? content.text : content.rodata).data() + at;
  const std::uint64_t place = address(section) + relocation.getOffset();
  const auto distance = static_cast<std::int64_t>(target - place);
  switch (relocation.getType()) {
    case llvm::ELF::R_X86_64_PC32:
    case llvm::ELF::R_X86_64_PLT32:
      if (distance != static_cast<std::int32_t>(distance)) {
        fail(ErrorKind::Internal, "link: '{}' is too far away", name);
      }
      store_little(bytes, static_cast<std::int32_t>(distance));
      return;
    case llvm::ELF::R_X86_64_PC64:
      store_little(bytes, distance);
      return;
    default:
      fail(ErrorKind::Internal, "link: relocation {} of '{}'", relocation.getType(), name);
  }
}

void Linker::relocate() {
  for (const Input& input : inputs_) {
    for (const SectionRef& section : input.file->sections()) {
      if (section.relocation_begin() == section.relocation_end()) continue;
      const auto relocated = good(section.getRelocatedSection());
      auto placed = input.sections.find(relocated->getIndex());
      if (placed == input.sections.end()) continue;
      for (const llvm::object::ELFRelocationRef relocation : section.relocations()) {
        apply(input, placed->second, relocation);
      }
    }
  }
}

}  // namespace

ArtifactContent link(llvm::ArrayRef<llvm::ArrayRef<char>> objects, std::uint32_t imported,
                     std::uint32_t functions, std::uint32_t types) {
  Linker linker;
  for (llvm::ArrayRef<char> object : objects) linker.add(object);
  linker.relocate();
  auto find = [&](std::string_view prefix, std::uint32_t index) {
    auto found = linker.symbols.find(std::string(prefix) + std::to_string(index));
    if (found == linker.symbols.end()) {
      fail(ErrorKind::Internal, "link: nobody defines '{}{}'", prefix, index);
    }
    return found->second;
  };
  for (std::uint32_t i = 0; i < functions; ++i) {
    linker.content.functions.push_back(find("f", imported + i));
  }
  for (std::uint32_t type = 0; type < types; ++type) {
    linker.content.entry_thunks.push_back(find("enter", type).start);
    linker.content.exit_thunks.push_back(find("leave", type).start);
  }
  return std::move(linker.content);
}

}  // namespace wherry::wasm::compiler
