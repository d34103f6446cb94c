#include "wasm/format/opcodes.h"

#include <array>

#include "base/error.h"

namespace wherry::wasm {

namespace {

struct Row {
  std::uint16_t code;
  std::string_view mnemonic;
  Immediate immediate;
  std::string_view signature;
  std::uint8_t width;
};

constexpr Row kRows[] = {
#define WHERRY_OPCODE(name, code, mnemonic, immediate, signature, width) \
  {code, mnemonic, Immediate::immediate, signature, width},
#include "wasm/format/opcodes.def"
#undef WHERRY_OPCODE
};

constexpr ValType type_of_letter(char letter) {
  switch (letter) {
    case 'i':
      return ValType::I32;
    case 'l':
      return ValType::I64;
    case 'f':
      return ValType::F32;
    case 'd':
      return ValType::F64;
    case 'v':
      return ValType::V128;
    default:
      throw "opcodes.def: a signature has an unknown letter";  // ends constant evaluation
  }
}

constexpr OpcodeInfo info_of(const Row& row) {
  OpcodeInfo info{.mnemonic = row.mnemonic, .immediate = row.immediate, .width = row.width};
  if (row.signature == "*") return info;
  info.typed = true;
  std::size_t colon = row.signature.find(':');
  for (char letter : row.signature.substr(0, colon)) {
    info.operands[info.operand_count++] = type_of_letter(letter);
  }
  for (char letter : row.signature.substr(colon + 1)) {
    info.result = type_of_letter(letter);
    ++info.result_count;
  }
  return info;
}

using CodeSpace = std::array<OpcodeInfo, 256>;

constexpr CodeSpace code_space(std::uint8_t prefix) {
  CodeSpace space{};
  for (const Row& row : kRows) {
    if (row.code >> 8 == prefix) space[row.code & 0xff] = info_of(row);
  }
  return space;
}

constexpr CodeSpace kOneByte = code_space(0);
constexpr CodeSpace kNumeric = code_space(kPrefixNumeric);
constexpr CodeSpace kVector = code_space(kPrefixVector);

}  // namespace

const OpcodeInfo* opcode_table(std::uint8_t prefix) {
  switch (prefix) {
    case 0:
      return kOneByte.data();
    case kPrefixNumeric:
      return kNumeric.data();
    case kPrefixVector:
      return kVector.data();
  }
  check_failed("prefix is one of the three", __FILE__, __LINE__);
}

}  // namespace wherry::wasm
