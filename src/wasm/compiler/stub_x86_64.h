// Instructions that no compiler makes. Internal to wasm/compiler.
#pragma once

#include <cstdint>
#include <vector>

namespace wherry::wasm::compiler {

// Appends what stands in for a function of one's own instance that is elsewhere: it goes on as whatever the
// function's entry says, with everything as its caller left it but the register that LLVM calls nest (abi.h), so
// that it is no frame of its own. function: imports counted. Returns where it starts.
std::uint32_t append_stub(std::vector<std::uint8_t>& text, std::uint32_t function);

}  // namespace wherry::wasm::compiler
