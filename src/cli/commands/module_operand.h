// Whether an operand is a module's file or an image's name.
#pragma once

#include <string>

namespace wherry::cli {

// "./hello.wasm" or "hello.wasm", and there: a module of the host. Anything else names an image. Throws Error
// for a path that is no file.
bool is_bare_module(const std::string& operand);

}  // namespace wherry::cli
