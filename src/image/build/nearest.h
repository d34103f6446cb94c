// The word somebody probably meant.
#pragma once

#include <string_view>
#include <vector>

namespace wherry::build {

// The candidate with the fewest letters changed, dropped, added or swapped, where they are few
// against the word's length; empty where none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace wherry::build
