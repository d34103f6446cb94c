#include "os/program.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace wherry::os {
namespace {

constexpr const char* kOwn = "/proc/self/exe";

bool is_this_program(const struct stat& status) {
  struct stat own{};
  return ::stat(kOwn, &own) == 0 && own.st_dev == status.st_dev && own.st_ino == status.st_ino;
}

}  // namespace

std::string own_program() {
  std::array<char, 4096> path;
  ssize_t length =
      sys([&] { return ::readlink(kOwn, path.data(), path.size()); }, "find this program");
  return {path.data(), static_cast<std::size_t>(length)};
}

bool is_program(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0 && !is_this_program(status);
}

std::optional<std::string> find_program(std::string_view name, std::string_view path) {
  while (!path.empty()) {
    std::size_t end = std::min(path.find(':'), path.size());
    std::string candidate = fmt::format("{}/{}", path.substr(0, end), name);
    if (path.starts_with('/') && is_program(candidate)) return candidate;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return std::nullopt;
}

std::optional<std::string> find_program_beside(std::string_view name) {
  auto [own, problem] = outcome_of(own_program);
  if (!own) return std::nullopt;  // no /proc
  std::string candidate = own->substr(0, own->rfind('/') + 1).append(name);
  return is_program(candidate) ? std::optional(std::move(candidate)) : std::nullopt;
}

}  // namespace wherry::os
