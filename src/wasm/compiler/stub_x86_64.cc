#include "wasm/compiler/stub_x86_64.h"

#include "base/bytes.h"
#include "wasm/abi/abi.h"

namespace wherry::wasm::compiler {

std::uint32_t append_stub(std::vector<std::uint8_t>& text, std::uint32_t function) {
  constexpr std::size_t kAlignment = 8;
  constexpr std::uint8_t kFunctions = offsetof(abi::InstanceHeader, functions);
  static_assert(offsetof(abi::InstanceHeader, functions) < 0x80 &&
                offsetof(abi::FunctionEntry, native) == 0);
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, 0xcc);
  const std::size_t start = text.size();
  for (std::uint8_t byte : {
           0x49, 0x8b, 0x45, int{kFunctions},  // mov rax, [r13 + functions]
           0x4c, 0x8b, 0x90, 0, 0, 0, 0,       // mov r10, [rax + 8 * function]
           0x41, 0xff, 0x22,                   // jmp [r10]
       }) {
    text.push_back(byte);
  }
  store_little(text.data() + start + 7, function * std::uint32_t{sizeof(void*)});
  return static_cast<std::uint32_t>(start);
}

}  // namespace wherry::wasm::compiler
