#include "oci/runtime_default.h"

#include <nlohmann/json.hpp>

#include "oci/default_path.h"
#include "oci/runtime_features.h"

namespace wherry::oci {
namespace {

std::vector<RuntimeMount> mounts_for(bool rootless) {
  std::vector<RuntimeMount> mounts = {
      {"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
      {"/dev/pts",
       "devpts",
       "devpts",
       {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
      {"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
      {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
  };
  // A user has no group "tty" to give terminals to, and no network namespace of which to show /sys.
  if (rootless) {
    mounts.push_back({"/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}});
  } else {
    mounts[2].options.emplace_back("gid=5");
    mounts.push_back({"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}});
    mounts.push_back(
        {"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}});
  }
  return mounts;
}

}  // namespace

RuntimeConfig default_config(const DefaultConfigOptions& options) {
  bool rootless = options.rootless.has_value();
  RuntimeConfig config;
  config.oci_version = kRuntimeSpecMax;
  config.process.args = {"/main.wasm"};
  config.process.env = {std::string("PATH=") + kDefaultPath};
  config.process.no_new_privileges = true;
  config.process.rlimits = {{.type = "RLIMIT_NOFILE", .soft = 1024, .hard = 1024}};
  config.root = {.path = "rootfs", .readonly = true};
  config.hostname = "wherry";
  config.mounts = mounts_for(rootless);
  RuntimeLinux& section = config.linux_section;
  for (const char* type : {"pid", "ipc", "uts", "mount", "cgroup"}) {
    section.namespaces.push_back({.type = type, .path = ""});
  }
  if (rootless) {
    section.namespaces.push_back({.type = "user", .path = ""});
    section.uid_mappings = {{.container_id = 0, .host_id = options.rootless->uid, .size = 1}};
    section.gid_mappings = {{.container_id = 0, .host_id = options.rootless->gid, .size = 1}};
  } else {
    section.namespaces.push_back({.type = "network", .path = ""});
  }
  section.masked_paths = {"/proc/acpi",        "/proc/asound",        "/proc/kcore",
                          "/proc/keys",        "/proc/latency_stats", "/proc/timer_list",
                          "/proc/timer_stats", "/proc/sched_debug",   "/sys/firmware",
                          "/proc/scsi"};
  section.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                            "/proc/sysrq-trigger"};
  return config;
}

std::string to_indented_json(const RuntimeConfig& config) {
  return nlohmann::json::parse(to_json(config)).dump(4) + "\n";
}

}  // namespace wherry::oci
