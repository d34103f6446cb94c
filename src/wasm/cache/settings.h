// What the environment says about native code: which tier runs a guest, where what was compiled is kept.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace wherry::wasm {

enum class Tier : std::uint8_t {
  Interpreter,  // nothing is compiled, and nothing compiled is used
  Compiled,     // compiled before it starts, where it was not yet
  Auto,  // what is compiled is used; what is not is interpreted, and compiled in the background
};

// "interpreter", "compiled" or "auto". Throws Error(InvalidArgument) naming where it is from.
Tier parse_tier(std::string_view text, std::string_view from);

using Environment = std::function<std::optional<std::string>(const char*)>;

inline constexpr const char* kTierVariable = "WHERRY_TIER";
// In config.json's annotations; counts more than the variable.
inline constexpr const char* kTierAnnotation = "org.wherry.tier";
inline constexpr std::uint64_t kUsualCacheBytes = std::uint64_t{4} << 30;

// WHERRY_CACHE, an absolute path (else throws Error(InvalidArgument)); else "cache" in the folder that WHERRY_ROOT
// names; else /var/lib/wherry/cache for the machine's root and XDG_CACHE_HOME/wherry or HOME/.cache/wherry for users.
// Nothing where all of that is missing.
std::optional<std::string> cache_folder(const Environment& environment, bool is_machines_root);

// WHERRY_CACHE_SIZE: bytes, or with K, M, G or T behind the number. Throws Error(InvalidArgument).
std::uint64_t cache_bytes(const Environment& environment);

// The compiler: WHERRY_COMPILE, an absolute path; else beside this program, else in the usual folders. Nothing
// where it is not installed.
std::optional<std::string> compiler_program(const Environment& environment);

}  // namespace wherry::wasm
