#include "container/local/volume.h"

#include <algorithm>

#include "base/error.h"

namespace wherry::container {
namespace {

std::string absolute_host_path(std::string_view path, const std::string& working_directory,
                               const std::string& home) {
  if (path.starts_with('/')) return std::string(path);
  if (path == "~" || path.starts_with("~/")) return home + std::string(path.substr(1));
  if (path == "." || path == ".." || path.starts_with("./") || path.starts_with("../")) {
    return working_directory + "/" + std::string(path);
  }
  fail(ErrorKind::Unimplemented,
       "named volumes, such as '{}', are not there yet; for a folder write './{}'", path, path);
}

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

}  // namespace

Volume parse_volume(std::string_view text, const std::string& working_directory,
                    const std::string& home) {
  auto refuse = [&](std::string_view why) {
    fail(ErrorKind::InvalidArgument, "volume '{}': {}", text, why);
  };
  if (text.find('\0') != std::string_view::npos) refuse("holds a NUL");
  std::size_t first = text.find(':');
  if (first == std::string_view::npos) {
    fail(ErrorKind::Unimplemented,
         "volume '{}': anonymous volumes are not there yet; write HOST:CONTAINER", text);
  }
  std::string_view host = text.substr(0, first);
  std::string_view guest = text.substr(first + 1);
  std::string_view options;
  if (std::size_t second = guest.find(':'); second != std::string_view::npos) {
    options = guest.substr(second + 1);
    guest = guest.substr(0, second);
  }
  if (host.empty()) refuse("the host's path is empty");
  if (!guest.starts_with('/')) refuse("the container's path must be absolute");
  if (guest.find_first_not_of('/') == std::string_view::npos) {
    refuse("the container's root cannot be a volume");
  }
  Volume volume{.host = absolute_host_path(host, working_directory, home),
                .guest = std::string(guest)};
  while (!options.empty()) {
    std::size_t comma = options.find(',');
    std::string_view option = options.substr(0, comma);
    if (option == "ro") {
      volume.read_only = true;
    } else if (option != "rw" && option != "z" && option != "Z") {
      refuse(fmt::format("unknown option '{}'", option));
    }
    options = comma == std::string_view::npos ? std::string_view() : options.substr(comma + 1);
  }
  return volume;
}

std::optional<std::string> parse_variable(std::string_view text, const HostEnvironment& host) {
  std::string_view name = name_of(text);
  if (name.empty()) {
    fail(ErrorKind::InvalidArgument, "environment variable '{}' has no name", text);
  }
  if (name.size() < text.size()) return std::string(text);
  auto value = host(std::string(name).c_str());
  if (!value) return std::nullopt;
  return std::string(name) + "=" + *value;
}

std::vector<std::string> parse_env_file(std::string_view contents, const std::string& file,
                                        const HostEnvironment& host) {
  std::vector<std::string> variables;
  for (std::size_t line = 1; !contents.empty(); ++line) {
    std::size_t end = contents.find('\n');
    std::string_view text = contents.substr(0, end);
    contents = end == std::string_view::npos ? std::string_view() : contents.substr(end + 1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    if (text.empty() || text.starts_with('#')) continue;
    auto place = [&] { return fmt::format("{}:{}", file, line); };
    in_context(place, [&] {
      if (name_of(text).find_first_of(" \t") != std::string_view::npos) {
        fail(ErrorKind::InvalidArgument, "variable '{}' contains spaces", name_of(text));
      }
      if (text.find('\0') != std::string_view::npos) {
        fail(ErrorKind::InvalidArgument, "a NUL in the file");
      }
      if (auto variable = parse_variable(text, host)) variables.push_back(std::move(*variable));
    });
  }
  return variables;
}

void merge_environment(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const std::string& variable : more) {
    auto same = std::ranges::find_if(
        into, [&](const std::string& other) { return name_of(other) == name_of(variable); });
    if (same != into.end()) {
      *same = variable;
    } else {
      into.push_back(variable);
    }
  }
}

}  // namespace wherry::container
