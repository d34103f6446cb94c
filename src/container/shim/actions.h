// What a shim does when it is called: one function for each action.
#pragma once

#include <string>

#include "container/shim/invocation.h"

namespace wherry::shim {

// Sees to it that a shim serves this container, or its pod, and prints its address. The bundle is the
// working directory. Throws Error.
void start(const Invocation& invocation);

// Is the shim, until nobody needs it any more: its listener is descriptor 3. Throws Error.
void serve(const Invocation& invocation);

// Takes away what is left of a container whose shim is gone, and prints how it ended. Where nothing is
// left, which is usual, it does next to nothing. Throws Error.
void clean_up(const Invocation& invocation);

// Puts the module of a container's image into its bundle, as kModuleFile, where the image has it as a
// layer; nothing where it has none. Throws Error.
void fetch(const Invocation& invocation);

// Prints what this runtime is (RuntimeInfo).
void show_info();

// Prints an answer, whole. Throws Error.
void print_bytes(const std::string& bytes);

inline constexpr int kListener = 3;
inline constexpr const char* kModuleFile = "module.wasm";

}  // namespace wherry::shim
