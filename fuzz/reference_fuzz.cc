// Names of images and platforms: what parses prints as something that parses the same.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "oci/platform.h"
#include "oci/reference.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto reference = oci::parse_reference_if_valid(text)) {
    WHERRY_CHECK(oci::parse_reference(oci::to_string(*reference)) == *reference);
    WHERRY_CHECK(oci::parse_reference(oci::familiar(*reference)) == *reference);
    WHERRY_CHECK(reference->path.find("..") == std::string::npos);
  }
  auto [platform, problem] = outcome_of([&] { return oci::parse_platform(text); });
  if (platform) WHERRY_CHECK(oci::parse_platform(oci::to_string(*platform)) == *platform);
  return 0;
}
