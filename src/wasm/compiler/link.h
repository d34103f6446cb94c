// Object files to one flat piece of code without relocations. Internal to wasm/compiler.
#pragma once

#include <llvm/ADT/ArrayRef.h>

#include "wasm/artifact/artifact.h"

namespace wherry::wasm::compiler {

// Requires: the objects define f<i> of the module's functions, enter<t> and leave<t> of its types.
// Throws Error(Internal) for anything that such objects should not have: a call out of them, an address that
// depends on where they are loaded.
ArtifactContent link(llvm::ArrayRef<llvm::ArrayRef<char>> objects, std::uint32_t imported,
                     std::uint32_t functions, std::uint32_t types);

}  // namespace wherry::wasm::compiler
