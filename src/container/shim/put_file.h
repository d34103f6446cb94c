// Small files that one process leaves for another.
#pragma once

#include <string>
#include <string_view>

namespace wherry::shim {

// Puts text under path at once, for its owner alone. A bundle does not outlive the machine's run: it is
// not waited for until it is on a disk. Throws Error.
void put_file(const std::string& path, std::string_view text);

}  // namespace wherry::shim
