// Has the compiler make an artifact: `wherry-compile`, a process of its own that confines itself before it looks
// at the module.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "os/fd.h"
#include "wasm/cache/cache.h"

namespace wherry::wasm {

struct CompilerRun {
  std::string program;
  int module = -1;                        // open for reading
  int output = -1;                        // an empty file, open for reading and writing
  int guest = -1;                         // a socket (wasm/artifact/handover.h); -1 for none
  std::vector<std::string> options = {};  // of the compiler's command line
  std::chrono::seconds limit = std::chrono::minutes(20);
};

// Returns when it has ended and the output is whole. Throws Error with the last that it said; also where a signal
// asks this process to end meanwhile (os/interrupt.h): then it is killed.
void run_compiler(const CompilerRun& run);

// The artifact for the key, open for reading: found, or compiled now. Waits for others that compile it.
// Throws Error.
os::Fd find_or_compile(const Cache& cache, const ArtifactKey& key, const std::string& compiler,
                       int module);

}  // namespace wherry::wasm
