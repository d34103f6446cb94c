#include "container/shim/options.h"

#include <fcntl.h>

#include "base/error.h"
#include "container/shim/bootstrap.pb.h"
#include "os/file.h"

namespace wherry::shim {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  std::size_t from = text.find_first_not_of(kSpace);
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

// A text in either kind of quotes, without escapes: what paths are written as.
std::string unquoted(std::string_view text) {
  if (text.size() < 2 || (text[0] != '"' && text[0] != '\'')) return {};
  return std::string(text.substr(1, text.find(text[0], 1) - 1));
}

bool ends_with_type(std::string_view url, std::string_view type) {
  return url == type || (url.ends_with(type) && url[url.size() - type.size() - 1] == '/');
}

}  // namespace

RuntimeOptions parse_options_toml(std::string_view text) {
  RuntimeOptions options;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    std::size_t equals = line.find('=');
    if (equals == line.npos) continue;
    std::string_view key = trimmed(line.substr(0, equals));
    std::string_view value = trimmed(line.substr(equals + 1));
    if (key == "SystemdCgroup") options.systemd_cgroup = value.starts_with("true");
    if (key == "Root") options.root = unquoted(value);
    if (key == "BinaryName") options.linux_runtime = unquoted(value);
  }
  return options;
}

RuntimeOptions parse_options(const wire::Any& options) {
  if (ends_with_type(options.type_url(), "containerd.runc.v1.Options")) {
    wire::RuncOptions runc;
    if (!runc.ParseFromString(options.value())) return {};
    return {.systemd_cgroup = runc.systemd_cgroup(),
            .root = runc.root(),
            .linux_runtime = runc.binary_name()};
  }
  if (ends_with_type(options.type_url(), "runtimeoptions.v1.Options")) {
    wire::RuntimeOptions generic;
    if (!generic.ParseFromString(options.value())) return {};
    if (!generic.config_body().empty()) return parse_options_toml(generic.config_body());
    if (generic.config_path().empty()) return {};
    auto [text, problem] =
        outcome_of([&] { return os::read_file(AT_FDCWD, generic.config_path(), kMaxConfigBytes); });
    if (text) return parse_options_toml(*text);
  }
  return {};
}

}  // namespace wherry::shim
