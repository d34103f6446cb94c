// The compiler's work: one module in, one artifact out, and on the way parts of it to a guest that runs the
// module meanwhile (wasm/artifact/handover.h).
#pragma once

#include <vector>

#include "wasm/compiler/compile.h"

namespace wherry::compile {

struct Job {
  int module = -1;                       // open for reading
  int output = -1;                       // an empty file, open for writing
  int guest = -1;                        // a socket; -1 for none
  std::vector<wasm::LoopId> loops = {};  // if any: these alone are made, for the guest alone
  bool quick = false;  // functions that the guest was not found in stay quickly made
  wasm::CompileOptions options = {};
};

// What the guest runs comes first and is handed over in small parts; then all of the module quickly, if there
// is a guest to hand it to; then, unless `quick`, all of it at full quality, which whoever has the output hands over. Without a guest the output is the
// same bytes for the same module and options. Throws Error; what the output has then is nothing.
void serve(const Job& job);

}  // namespace wherry::compile
