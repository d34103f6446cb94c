// `-v host:guest[:options]`, and environment files: texts of `wherry run` that mean what Docker's mean.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::container {

// A file or directory of the host that the guest sees.
struct Volume {
  std::string host;   // absolute
  std::string guest;  // absolute
  bool read_only = false;
  bool operator==(const Volume&) const = default;
};

// A host path begins with '/', '.' or '~/'; working_directory is what "./" means, home what "~" means.
// Throws Error(InvalidArgument), and Error(Unimplemented) for what Docker would take for the name of a
// volume.
Volume parse_volume(std::string_view text, const std::string& working_directory,
                    const std::string& home);

// The host's variables, by name.
using HostEnvironment = std::function<std::optional<std::string>(const char*)>;

// "NAME=value", or "NAME" for the host's own value: nothing where the host has none.
std::optional<std::string> parse_variable(std::string_view text, const HostEnvironment& host);

// One variable a line as above; empty lines and those beginning with '#' are left out. Throws Error
// "file:line: …".
std::vector<std::string> parse_env_file(std::string_view contents, const std::string& file,
                                        const HostEnvironment& host);

// Adds variables, replacing those of the same name where they stand.
void merge_environment(std::vector<std::string>& into, const std::vector<std::string>& more);

}  // namespace wherry::container
