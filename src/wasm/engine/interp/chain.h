// Handlers for several instructions that often stand one behind the other (chain.def).
//
// The instructions stay where and as they are: only the first one's handler becomes that of all of them. Control
// may still come to any of the others from elsewhere.
#pragma once

#include <array>
#include <span>

#include "wasm/engine/interp/handler.h"

namespace wherry::wasm::interp {

struct Chain {
  static constexpr std::size_t kMaxLength = 8;
  Handler handler = nullptr;
  std::size_t length = 0;
  std::array<Handler, kMaxLength> parts = {};  // the handlers of its instructions
};
std::span<const Chain> chains();

// Of a function's whole code. starts: where its instructions begin, in ascending order. heads: those that loops
// begin with, likewise; they are the first of a chain or in none, since their handlers are replaced while the code
// runs.
void join_chains(std::span<Slot> code, std::span<const std::uint32_t> starts,
                 std::span<const std::uint32_t> heads);

}  // namespace wherry::wasm::interp
