// Programs of this machine, found by name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wherry::os {

// Where programs are on most machines, written as in PATH.
inline constexpr std::string_view kUsualPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// The file that this program was executed from. Throws Error.
std::string own_program();

// Whether it is a file that may be executed, and not this very program by whatever name.
bool is_program(const std::string& path);

// The first of that name in directories written as in PATH. A relative one is passed over: it would be
// in the working directory, which may be anybody's.
std::optional<std::string> find_program(std::string_view name, std::string_view path);

// The one of that name in the folder of this program.
std::optional<std::string> find_program_beside(std::string_view name);

}  // namespace wherry::os
