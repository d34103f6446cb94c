// The name section (core spec 7.4.1), read only when a person is to be told a name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wasm/format/module.h"

namespace wherry::wasm {

// A name out of a module as a message can show it: control characters and quotes escaped, a long
// one cut. Requires: UTF-8.
std::string printable(std::string_view name);

// The printable name of a function: the name section's, else the export's, else the import's
// ("module.name"). Nothing where there is none or the section is damaged (a broken name section is
// never an error).
std::optional<std::string> function_name(const Module& module, std::uint32_t function);

}  // namespace wherry::wasm
