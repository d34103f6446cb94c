// The few things of a bundle's config.json that a shim decides by.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "oci/runtime_config.h"

namespace wherry::shim {

struct BundleFacts {
  std::map<std::string, std::string> annotations;
  std::string cgroups_path;
  // Of it the process's args, env and cwd, the root's path and the mounts: what tells where the file is
  // that the container starts with.
  oci::RuntimeConfig entrypoint;
};

// Reads no more of it than that. Throws Error where it is not JSON, or not there.
BundleFacts read_bundle_facts(const std::string& bundle);
BundleFacts parse_bundle_facts(std::string_view text);

// The containers that one shim serves: a pod, or the container alone.
std::string group_of(const BundleFacts& facts, const std::string& id);

// Whether it is systemd that makes the group of that path: "slice:prefix:name". Docker's daemon says so
// in this way alone.
bool is_systemd_path(std::string_view cgroups_path);

// A process of config.json's form, with its member `terminal` as given. Throws Error.
std::string with_terminal(std::string_view process, bool terminal);

}  // namespace wherry::shim
