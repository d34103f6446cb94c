// A module's table of functions when nothing can change it: no other module sees it, and no instruction of
// this one writes it. What it holds, and so whom an indirect call may reach, is then known beforehand; most
// languages' modules have such a table. Internal to wasm/compiler.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "wasm/format/module.h"

namespace wherry::wasm::compiler {

// By element: a function of the index space, or kNoFunction. As many as the table always has.
using FixedTable = std::vector<std::uint32_t>;
inline constexpr std::uint32_t kNoFunction = ~std::uint32_t{0};

// Of table 0, if it has elements. Requires: the module was validated.
std::optional<FixedTable> fixed_table(const Module& module);

}  // namespace wherry::wasm::compiler
