// Near misses: what somebody probably meant to type.
#pragma once

#include <span>
#include <string_view>

namespace wherry {

// The name closest to word by edits (insert, delete, replace, swap of neighbours), or an empty view
// where none is close enough to be worth saying. Views into names.
std::string_view nearest(std::string_view word, std::span<const std::string_view> names);

}  // namespace wherry
