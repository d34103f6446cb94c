// What `wherry run` asks for, as the config.json that wherry-runtime is given. Pure.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "container/local/volume.h"
#include "oci/runtime_config.h"

namespace wherry::container {

// A module of the host, shown to the guest as one read-only file in an otherwise empty root.
struct BareModule {
  std::string host;   // absolute
  std::string guest;  // "/program.wasm"
};

struct BundleRequest {
  std::string image_root;    // absolute; empty for a bare module
  std::string mount_points;  // absolute; below the image
  std::string layer;         // absolute; upper/ and work/ above the image are in it
  std::optional<BareModule> module;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd = "/";
  oci::RuntimeUser user;
  std::string hostname;
  std::vector<Volume> volumes;
  bool read_only = false;
  // Gone with its end: nobody needs what it wrote to be on disk then.
  bool is_passing = false;
  bool host_network = false;
  std::optional<std::string> invoke;
  // Not root on the host: a user namespace, in which the container's user is the caller.
  bool rootless = false;
  uid_t host_uid = 0;
  gid_t host_gid = 0;
};

oci::RuntimeConfig make_config(const BundleRequest& request);

}  // namespace wherry::container
