#include "wasm/format/names.h"

#include <fmt/core.h>

#include "wasm/format/reader.h"

namespace wherry::wasm {

namespace {

constexpr std::uint8_t kFunctionNames = 1;
constexpr std::size_t kPrintableBytes = 200;

// Reads numbers and names as Reader does, but answers with nothing where they are damaged: a name
// section that is wrong must not be an error (core spec 7.4.1).
class Scanner {
 public:
  explicit Scanner(ByteSpan bytes) : bytes_(bytes) {}

  bool at_end() const { return bytes_.empty(); }

  std::optional<std::uint32_t> u32() {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 5; ++i) {
      if (bytes_.size() <= i) return std::nullopt;
      value |= static_cast<std::uint64_t>(bytes_[i] & 0x7f) << (7 * i);
      if (bytes_[i] >= 0x80) continue;
      bytes_ = bytes_.subspan(i + 1);
      if (value > UINT32_MAX) return std::nullopt;
      return static_cast<std::uint32_t>(value);
    }
    return std::nullopt;
  }

  // A length and so many bytes.
  std::optional<ByteSpan> part() {
    std::optional<std::uint32_t> size = u32();
    if (!size || *size > bytes_.size()) return std::nullopt;
    ByteSpan part = bytes_.first(*size);
    bytes_ = bytes_.subspan(*size);
    return part;
  }

 private:
  ByteSpan bytes_;
};

// The name in a map from indices to names (7.4.1, Name Maps).
std::optional<std::string> find_in_map(ByteSpan map, std::uint32_t wanted) {
  Scanner scanner(map);
  std::optional<std::uint32_t> count = scanner.u32();
  if (!count) return std::nullopt;
  for (std::uint32_t i = 0; i < *count; ++i) {
    std::optional<std::uint32_t> index = scanner.u32();
    std::optional<ByteSpan> name = scanner.part();
    if (!index || !name || *index > wanted) return std::nullopt;  // ordered by index
    if (*index == wanted && is_utf8(*name)) return printable(as_text(*name));
  }
  return std::nullopt;
}

std::optional<std::string> from_name_section(ByteSpan section, std::uint32_t function) {
  Scanner scanner(section);
  while (!scanner.at_end()) {
    std::optional<std::uint32_t> id = scanner.u32();
    std::optional<ByteSpan> part = scanner.part();
    if (!id || !part) return std::nullopt;
    if (*id == kFunctionNames) return find_in_map(*part, function);
  }
  return std::nullopt;
}

}  // namespace

std::string printable(std::string_view name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    auto byte = static_cast<std::uint8_t>(name[i]);
    bool continues = (byte & 0xc0) == 0x80;
    if (i >= kPrintableBytes && !continues) return text + "...";
    // C0 and C1 controls: a terminal would obey them. C1 is C2 80 to C2 9F in UTF-8.
    bool c1 = byte == 0xc2 && i + 1 < name.size() && static_cast<std::uint8_t>(name[i + 1]) < 0xa0;
    if (byte < 0x20 || byte == 0x7f || byte == '\'' || byte == '\\') {
      text += fmt::format("\\{:02x}", byte);
    } else if (c1) {
      text += fmt::format("\\u{{{:x}}}", static_cast<std::uint8_t>(name[++i]));
    } else {
      text += name[i];
    }
  }
  return text;
}

std::optional<std::string> function_name(const Module& module, std::uint32_t function) {
  for (const CustomSection& section : module.custom) {
    if (section.name != "name") continue;
    if (auto name = from_name_section(section.bytes, function)) return name;
  }
  for (const Export& entry : module.exports) {
    if (entry.kind == ExternKind::Function && entry.index == function) {
      return printable(entry.name);
    }
  }
  std::uint32_t index = 0;
  for (const Import& import : module.imports) {
    if (import.kind != ExternKind::Function) continue;
    if (index++ == function) return printable(fmt::format("{}.{}", import.module, import.name));
  }
  return std::nullopt;
}

}  // namespace wherry::wasm
