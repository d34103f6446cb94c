// config.json: whatever the bytes, one Error or a value that survives being printed and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "oci/runtime_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    wherry::oci::RuntimeConfig config = wherry::oci::parse_runtime_config(text);
    if (wherry::oci::parse_runtime_config(to_json(config)) != config) std::abort();
  } catch (const wherry::Error&) {
  }
  return 0;
}
