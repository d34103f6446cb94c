// What a backtrace needs of an object's .eh_frame. Internal to wasm/compiler.
#pragma once

#include <llvm/Object/ELFObjectFile.h>

#include <vector>

#include "wasm/artifact/artifact.h"

namespace wherry::wasm::compiler {

// Adds the rows of all functions, by start, which is offset + that in the object. They are right wherever a
// function calls or faults, not while it takes its frame down. Requires: the object has one section of code.
void append_frames(const llvm::object::ELF64LEObjectFile& object, std::uint64_t offset,
                   std::vector<ArtifactContent::Frame>& frames);

}  // namespace wherry::wasm::compiler
