#include "oci/runtime_features.h"

#include <nlohmann/json.hpp>

namespace wherry::oci {

std::string to_json(const RuntimeFeatures& features) {
  // What is absent is unknown to the reader: what we do not do is said.
  nlohmann::ordered_json off = {{"enabled", false}};
  nlohmann::ordered_json json = {
      {"ociVersionMin", kRuntimeSpecMin},
      {"ociVersionMax", kRuntimeSpecMax},
      {"hooks", features.hooks},
      {"mountOptions", features.mount_options},
      {"linux",
       {{"namespaces", features.namespaces},
        {"capabilities", features.capabilities},
        {"cgroup",
         {{"v1", features.cgroup_v1},
          {"v2", features.cgroup_v2},
          {"systemd", features.systemd},
          {"systemdUser", features.systemd_user},
          {"rdma", features.rdma}}},
        {"seccomp",
         {{"enabled", !features.seccomp.actions.empty()},
          {"actions", features.seccomp.actions},
          {"operators", features.seccomp.operators},
          {"archs", features.seccomp.architectures},
          {"knownFlags", features.seccomp.known_flags},
          {"supportedFlags", features.seccomp.supported_flags}}},
        {"apparmor", off},
        {"selinux", off},
        {"intelRdt", off},
        {"mountExtensions", {{"idmap", {{"enabled", true}}}}}}},
      {"annotations", features.annotations},
      {"potentiallyUnsafeConfigAnnotations", features.unsafe_annotations},
  };
  return json.dump(2) + "\n";
}

}  // namespace wherry::oci
