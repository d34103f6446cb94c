#include "wasm/compiler/link.h"

#include <llvm/BinaryFormat/ELF.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/error.h"
#include "wasm/artifact/format.h"
#include "wasm/compiler/frames.h"
#include "wasm/compiler/stub_x86_64.h"

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

// The number behind a prefix; nothing where that is not all there is.
std::optional<std::uint32_t> number_after(std::string_view prefix, std::string_view name) {
  std::uint32_t number = 0;
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

// Whether other objects mean the same by its name. A section's symbol does have a name, ".text" in all of them.
bool is_shared(const ELFSymbolRef& symbol) { return symbol.getBinding() != llvm::ELF::STB_LOCAL; }

// Whether it may as well be nowhere.
bool is_weak(const ELFSymbolRef& symbol) { return symbol.getBinding() == llvm::ELF::STB_WEAK; }

}  // namespace

Linker::Linker(std::uint32_t imported, std::uint32_t functions, std::uint32_t types)
    : imported_(imported), functions_(functions), types_(types) {}

std::uint64_t Linker::rodata_start() const {
  const std::size_t page = artifact_format::kPage;
  return (content_.text.size() + page - 1) / page * page;
}

Linker::Kind Linker::kind_of(const SectionRef& section) {
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

void Linker::add(std::span<const std::uint8_t> object, Calls calls) {
  llvm::MemoryBufferRef buffer(
      llvm::StringRef(reinterpret_cast<const char*>(object.data()), object.size()), "object");
  Input input{.file = std::make_unique<ELF64LEObjectFile>(good(ELF64LEObjectFile::create(buffer))),
              .sections = {}};
  bool has_text = false;
  for (const SectionRef& section : input.file->sections()) {
    const Kind kind = kind_of(section);
    if (kind == Kind::Other) continue;
    std::vector<std::uint8_t>& out = kind == Kind::Text ? content_.text : content_.rodata;
    const std::uint64_t alignment = section.getAlignment().value();
    out.resize((out.size() + alignment - 1) / alignment * alignment, kind == Kind::Text ? 0xcc : 0);
    input.sections[section.getIndex()] = {.kind = kind, .offset = out.size()};
    const llvm::StringRef bytes = good(section.getContents());
    out.insert(out.end(), bytes.begin(), bytes.end());
    if (kind != Kind::Text) continue;
    if (has_text) fail(ErrorKind::Internal, "link: an object has two sections of code");
    has_text = true;
    append_frames(*input.file, input.sections[section.getIndex()].offset, content_.frames);
  }
  for (const ELFSymbolRef& symbol : input.file->symbols()) {
    const auto section = good(symbol.getSection());
    if (section == input.file->section_end()) continue;
    auto placed = input.sections.find(section->getIndex());
    if (placed == input.sections.end() || !is_shared(symbol)) continue;
    if (placed->second.kind == Kind::Rodata) {
      rodata_symbols_.try_emplace(good(symbol.getName()).str(),
                                  placed->second.offset + good(symbol.getValue()));
      continue;
    }
    const std::string name = good(symbol.getName()).str();
    const auto start = static_cast<std::uint32_t>(placed->second.offset + good(symbol.getValue()));
    const bool is_first =
        symbols_.try_emplace(name, start, static_cast<std::uint32_t>(symbol.getSize())).second;
    const auto function = number_after("f", name);
    if (is_first && function && calls == Calls::ByEntry) by_entry_.insert(*function);
  }
  inputs_.push_back(std::move(input));
}

void Linker::add_stubs() {
  // A stub takes nothing of the stack: its caller's frame is the return address away.
  constexpr std::uint32_t kFrame = sizeof(void*);
  const std::size_t before = content_.text.size();
  std::set<std::uint32_t> wanted = missing();
  wanted.insert(by_entry_.begin(), by_entry_.end());
  for (std::uint32_t index : wanted) {
    stubs_.emplace(fmt::format("f{}", index), append_stub(content_.text, index));
  }
  if (content_.text.size() > before) {
    content_.frames.push_back({.start = static_cast<std::uint32_t>(before), .bytes = kFrame});
  }
}

std::optional<std::uint32_t> Linker::find(std::string_view name) const {
  if (auto found = stubs_.find(name); found != stubs_.end()) return found->second;
  if (auto found = symbols_.find(name); found != symbols_.end()) return found->second.start;
  return std::nullopt;
}

std::set<std::uint32_t> Linker::missing() const {
  std::set<std::uint32_t> found;
  for (const Input& input : inputs_) {
    for (const ELFSymbolRef& symbol : input.file->symbols()) {
      if (good(symbol.getSection()) != input.file->section_end()) continue;
      const std::string name = good(symbol.getName()).str();
      const auto index = number_after("f", name);
      if (!index || is_weak(symbol) || symbols_.contains(name)) continue;
      if (*index < imported_ || *index - imported_ >= functions_) {
        fail(ErrorKind::Internal, "link: nobody can define '{}'", name);
      }
      found.insert(*index);
    }
  }
  return found;
}

std::uint8_t* Linker::place_of(const Placed& section,
                               const llvm::object::ELFRelocationRef& relocation) {
  std::vector<std::uint8_t>& out = section.kind == Kind::Text ? content_.text : content_.rodata;
  return out.data() + section.offset + relocation.getOffset();
}

void Linker::apply(const Input& input, const Placed& section,
                   const llvm::object::ELFRelocationRef& relocation) {
  const ELFSymbolRef symbol = *relocation.getSymbol();
  const std::string name = good(symbol.getName()).str();
  const auto target_section = good(symbol.getSection());
  std::uint64_t target;
  // By its name first: the object's own may not be the one that counts.
  if (const auto found = is_shared(symbol) ? find(name) : std::nullopt) {
    target = *found;
  } else if (target_section != input.file->section_end()) {
    auto placed = input.sections.find(target_section->getIndex());
    if (placed == input.sections.end()) {
      fail(ErrorKind::Internal, "link: '{}' is in a section that is not kept", name);
    }
    target = address(placed->second) + good(symbol.getValue());
  } else if (auto data = rodata_symbols_.find(name); data != rodata_symbols_.end()) {
    target = rodata_start() + data->second;
  } else if (is_weak(symbol) && relocation.getType() == llvm::ELF::R_X86_64_PC64) {
    return store_little(place_of(section, relocation), std::int64_t{0});
  } else {
    fail(ErrorKind::Internal, "link: nobody defines '{}'", name);
  }
  target += static_cast<std::uint64_t>(good(relocation.getAddend()));
  std::uint8_t* bytes = place_of(section, relocation);
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

std::uint32_t Linker::thunk(std::string_view prefix, std::uint32_t type) const {
  const auto found = symbols_.find(fmt::format("{}{}", prefix, type));
  return found == symbols_.end() ? ArtifactContent::kNoThunk : found->second.start;
}

ArtifactContent Linker::finish() {
  relocate();
  content_.functions.resize(functions_);
  for (const auto& [name, range] : symbols_) {
    if (auto index = number_after("f", name)) content_.functions[*index - imported_] = range;
    const std::size_t middle = name.find('_');
    if (!name.starts_with("loop") || middle == std::string::npos) continue;
    const auto function = number_after("loop", std::string_view(name).substr(0, middle));
    const auto ordinal = number_after("_", std::string_view(name).substr(middle));
    if (!function || !ordinal) continue;
    content_.loops.push_back(
        {.loop = {.function = *function - imported_, .ordinal = *ordinal}, .code = range});
  }
  std::ranges::sort(content_.loops, {}, &ArtifactContent::Loop::loop);
  for (std::uint32_t type = 0; type < types_; ++type) {
    content_.entry_thunks.push_back(thunk("enter", type));
    content_.exit_thunks.push_back(thunk("leave", type));
  }
  return std::move(content_);
}

}  // namespace wherry::wasm::compiler
