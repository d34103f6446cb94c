// The file that a container starts with: where it may be, and which one that is on the host before
// anything of the container is made.
//
// process.args[0] is "PATH" or "PATH#FUNCTION", of which the latter names an export to call instead of
// `_start`. A file that has the whole for a name is that file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/runtime_config.h"
#include "os/fd.h"

namespace wherry::container {

struct EntrypointCandidate {
  std::string path;      // absolute, in the container
  std::string function;  // empty for `_start`
  bool operator==(const EntrypointCandidate&) const = default;
};

// Where the file may be, in the order it is looked for. A name with '/' is a path, from cwd where it
// does not begin with '/'. Any other is looked for in the directories of PATH, then in cwd, then in
// "/": images built for other engines name their module so, without PATH in mind.
std::vector<EntrypointCandidate> entrypoint_candidates(const oci::RuntimeProcess& process);

// What "PATH#FUNCTION" names: its parts, the function empty where there is none.
std::string_view entrypoint_path(std::string_view entrypoint);
std::string_view entrypoint_function(std::string_view entrypoint);

// The first candidate that is a regular file, as it lies in the root file system and the mounts that
// config.json names; nothing where there is none, or none that can be opened. Bundle is the directory
// that relative paths of config.json start from. Throws nothing for what a bundle holds.
struct EntrypointFile {
  os::Fd file;
  std::string path;  // in the container
};
std::optional<EntrypointFile> find_entrypoint(const oci::RuntimeConfig& config,
                                              const std::string& bundle);

}  // namespace wherry::container
