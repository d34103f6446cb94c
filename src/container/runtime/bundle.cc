#include "container/runtime/bundle.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "os/fd.h"

namespace wherry::container {
namespace {

std::string read_whole(const std::string& path, std::size_t limit) {
  os::Fd file(sys([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }, "open '{}'", path));
  std::string text;
  char buffer[16384];
  for (;;) {
    auto got = static_cast<std::size_t>(
        sys([&] { return ::read(file.get(), buffer, sizeof buffer); }, "read '{}'", path));
    if (got == 0) return text;
    text.append(buffer, got);
    if (text.size() > limit) {
      fail(ErrorKind::InvalidArgument, "'{}' is bigger than {} bytes", path, limit);
    }
  }
}

}  // namespace

Bundle load_bundle(const std::string& path) {
  return in_context([&] { return fmt::format("read bundle '{}'", path); },
                    [&] {
                      std::string text =
                          read_whole(path + "/config.json", oci::kMaxRuntimeConfigBytes);
                      std::string absolute = std::filesystem::absolute(path).lexically_normal();
                      if (absolute.size() > 1 && absolute.back() == '/') absolute.pop_back();
                      return parse_bundle(std::move(absolute), std::move(text));
                    });
}

Bundle parse_bundle(std::string path, std::string text) {
  oci::RuntimeConfig config = oci::parse_runtime_config(text);
  return {.path = std::move(path), .text = std::move(text), .config = std::move(config)};
}

void check_id(const std::string& id) {
  bool good = !id.empty() && id.size() <= 1024 && id != "." && id != "..";
  for (char c : id) {
    good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '+' || c == '-' || c == '.');
  }
  if (!good) fail(ErrorKind::InvalidArgument, "'{}' is no container id", id);
}

}  // namespace wherry::container
