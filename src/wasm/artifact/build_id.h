// Which code generator this program was built beside.
#pragma once

#include <string_view>

namespace wherry::wasm {

// 16 hexadecimal digits that change with the sources of wasm/abi, wasm/artifact and wasm/compiler: an
// artifact made by another build is made anew, without anybody having to raise a version. cmake/BuildId.cmake.
extern const std::string_view kBuildId;
extern const std::string_view kLlvmVersion;  // that wherry-compile is linked with

}  // namespace wherry::wasm
