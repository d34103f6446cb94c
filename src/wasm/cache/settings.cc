#include "wasm/cache/settings.h"

#include <charconv>
#include <limits>

#include "base/error.h"
#include "os/program.h"

namespace wherry::wasm {
namespace {

std::optional<std::string> path_in(const Environment& environment, const char* name) {
  auto value = environment(name);
  if (!value || !value->starts_with('/')) return std::nullopt;
  return value;
}

}  // namespace

Tier parse_tier(std::string_view text, std::string_view from) {
  if (text == "interpreter") return Tier::Interpreter;
  if (text == "compiled") return Tier::Compiled;
  if (text == "auto" || text.empty()) return Tier::Auto;
  fail(ErrorKind::InvalidArgument, "{}: '{}' is neither 'interpreter', 'compiled' nor 'auto'", from,
       text);
}

std::optional<std::string> cache_folder(const Environment& environment, bool is_machines_root) {
  if (auto given = environment("WHERRY_CACHE"); given && !given->empty()) {
    if (given->starts_with('/')) return given;
    fail(ErrorKind::InvalidArgument, "WHERRY_CACHE: '{}' is no absolute path", *given);
  }
  if (auto root = path_in(environment, "WHERRY_ROOT")) return *root + "/cache";
  if (is_machines_root) return "/var/lib/wherry/cache";
  if (auto cache = path_in(environment, "XDG_CACHE_HOME")) return *cache + "/wherry";
  if (auto home = path_in(environment, "HOME")) return *home + "/.cache/wherry";
  return std::nullopt;
}

std::uint64_t cache_bytes(const Environment& environment) {
  const std::string text = environment("WHERRY_CACHE_SIZE").value_or("");
  if (text.empty()) return kUsualCacheBytes;
  std::uint64_t bytes = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  const std::string_view unit(end, text.data() + text.size());
  constexpr std::string_view kUnits = "KMGT";
  const std::size_t power = unit.empty() ? 0 : kUnits.find(unit[0]) + 1;
  if (error != std::errc() || unit.size() > 1 || (!unit.empty() && power == 0) ||
      bytes > std::numeric_limits<std::uint64_t>::max() >> (10 * power)) {
    fail(ErrorKind::InvalidArgument, "WHERRY_CACHE_SIZE: '{}' is no size such as 512M", text);
  }
  return bytes << (10 * power);
}

std::optional<std::string> compiler_program(const Environment& environment) {
  constexpr const char* kName = "wherry-compile";
  if (auto given = path_in(environment, "WHERRY_COMPILE")) {
    return os::is_program(*given) ? given : std::nullopt;
  }
  if (auto beside = os::find_program_beside(kName)) return beside;
  return os::find_program(kName, os::kUsualPath);
}

}  // namespace wherry::wasm
