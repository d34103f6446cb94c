// Arbitrary bytes through decode() and validate(): an Error or none, and nothing else.
#include <cstdlib>

#include "base/error.h"
#include "wasm/format/decode.h"
#include "wasm/format/names.h"
#include "wasm/format/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry::wasm;
  try {
    Module module = decode({data, size});
    validate(module);
    for (std::uint32_t i = 0; i < module.functions.size() && i < 100; ++i) {
      function_name(module, i);
    }
  } catch (const wherry::Error& error) {
    if (error.kind() != wherry::ErrorKind::InvalidArgument) std::abort();
  }
  return 0;
}
