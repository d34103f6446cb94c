// The environment of an ArtifactKey: everything but the module that generated code depends on. The compiler
// and whoever looks an artifact up come to the same text by themselves, without LLVM and without asking.
//
// Thread safety: stateless.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::wasm {

// By LLVM's names, sorted: the features of cpu_features.def.
using CpuFeatures = std::vector<std::string_view>;

// Those that this machine has and its kernel keeps the registers of. Executes no CPUID: what the C library
// found at its start is asked.
CpuFeatures host_cpu_features();

// All that code may ever use.
CpuFeatures known_cpu_features();

// Of code for a machine with these features. One line of text.
std::string environment_for(const CpuFeatures& features);
std::string host_environment();

}  // namespace wherry::wasm
