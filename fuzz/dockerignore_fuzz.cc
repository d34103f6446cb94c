// The first line is a path, the rest a .dockerignore: reading and asking end, whatever both say.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "image/build/ignore.h"

using namespace wherry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kEnough = 4096;
  std::string_view text(reinterpret_cast<const char*>(data), size < kEnough ? size : kEnough);
  std::size_t end = text.find('\n');
  if (end == text.npos) return 0;
  try {
    build::Ignore(text.substr(end + 1)).ignores(build::clean_path(text.substr(0, end)));
  } catch (const Error&) {
  }
  return 0;
}
