// Bundles as they come from outside: a directory with config.json.
#pragma once

#include <string>

#include "oci/runtime_config.h"

namespace wherry::container {

struct Bundle {
  std::string path;  // absolute
  std::string text;  // of config.json
  oci::RuntimeConfig config;
};

// Throws Error "read bundle '…': …".
Bundle load_bundle(const std::string& path);

// Throws Error(InvalidArgument), where the text came from being said by the caller.
Bundle parse_bundle(std::string path, std::string text);

// "a-z A-Z 0-9 _ + - ." and not "." or "..": an id is also a file name. Throws
// Error(InvalidArgument).
void check_id(const std::string& id);

}  // namespace wherry::container
