// What a runtime understands, as it tells its callers (runtime-spec 1.2, features.md).
//
// Pure: no input or output. Thread safety: values.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace wherry::oci {

// The versions of the specification that config.json may be of, oldest and newest.
inline constexpr const char* kRuntimeSpecMin = "1.0.0";
inline constexpr const char* kRuntimeSpecMax = "1.2.0";

struct SeccompFeatures {
  std::vector<std::string> actions;
  std::vector<std::string> operators;
  std::vector<std::string> architectures;
  std::vector<std::string> known_flags;
  std::vector<std::string> supported_flags;
};

struct RuntimeFeatures {
  std::vector<std::string> hooks;
  std::vector<std::string> mount_options;
  std::vector<std::string> namespaces;
  std::vector<std::string> capabilities;
  bool cgroup_v1 = false;
  bool cgroup_v2 = false;
  bool systemd = false;       // its cgroup driver
  bool systemd_user = false;  // of a user's own systemd
  bool rdma = false;          // its controller
  SeccompFeatures seccomp;
  std::map<std::string, std::string> annotations;
  // Those of config.json that change what a container does; one that ends in "." stands for all that
  // begin so.
  std::vector<std::string> unsafe_annotations;
};

// Indented, for people as well.
std::string to_json(const RuntimeFeatures& features);

}  // namespace wherry::oci
