#include "oci/platform.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"

namespace wherry::oci {
namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

bool is_part(std::string_view part) {
  return !part.empty() && std::ranges::all_of(part, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

}  // namespace

Platform parse_platform(std::string_view text) {
  constexpr std::size_t kLongest = 128;
  std::vector<std::string> parts;
  std::string_view rest = text.substr(0, kLongest + 1);
  for (;;) {
    std::size_t slash = rest.find('/');
    parts.push_back(lower(rest.substr(0, slash)));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (parts.size() == 1 && (parts[0] == "wasm" || parts[0] == "wasm32")) {
    return {.os = "wasi", .architecture = parts[0], .variant = {}};
  }
  if (text.size() > kLongest || parts.size() < 2 || parts.size() > 3 ||
      !std::ranges::all_of(parts, is_part)) {
    fail(ErrorKind::InvalidArgument,
         "platform '{}': expected os/architecture[/variant], as in wasi/wasm",
         text.substr(0, kLongest));
  }
  return {.os = parts[0],
          .architecture = parts[1],
          .variant = parts.size() == 3 ? parts[2] : std::string()};
}

std::string to_string(const Platform& platform) {
  std::string text = platform.os + "/" + platform.architecture;
  if (!platform.variant.empty()) text += "/" + platform.variant;
  return text;
}

bool is_wasm(const Platform& platform) {
  static constexpr std::array<std::string_view, 3> kSystems = {"wasi", "wasip1", "wasip2"};
  static constexpr std::array<std::string_view, 2> kArchitectures = {"wasm", "wasm32"};
  return std::ranges::find(kSystems, lower(platform.os)) != kSystems.end() &&
         std::ranges::find(kArchitectures, lower(platform.architecture)) != kArchitectures.end();
}

bool matches(const Platform& wanted, const Platform& offered) {
  if (is_wasm(wanted)) return is_wasm(offered);
  return lower(wanted.os) == lower(offered.os) &&
         lower(wanted.architecture) == lower(offered.architecture) &&
         lower(wanted.variant) == lower(offered.variant);
}

}  // namespace wherry::oci
