// Image documents: whatever the bytes, a value or an Error; a value survives printing and parsing.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "oci/image.h"

namespace {

using namespace wherry;

template <typename Parse>
void round_trip(std::string_view text, Parse parse) {
  auto [value, problem] = outcome_of([&] { return parse(text); });
  if (!value) return;
  std::string printed = oci::to_json(*value);
  // Text that was not UTF-8 is replaced when it is printed: from then on nothing may change.
  WHERRY_CHECK(oci::to_json(parse(printed)) == printed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  round_trip(text, oci::parse_index);
  round_trip(text, oci::parse_manifest);
  round_trip(text, oci::parse_image_config);
  return 0;
}
