// The OCI runtime spec's config.json as plain values (runtime-spec 1.2, config.md,
// config-linux.md).
//
// Only what Wherry acts on is read; other fields are ignored, as the specification asks of a
// runtime. Pure: no input or output. Thread safety: values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/runtime_hooks.h"
#include "oci/runtime_resources.h"
#include "oci/runtime_scheduling.h"
#include "oci/runtime_seccomp.h"

namespace wherry::oci {

struct RuntimeUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::optional<std::uint32_t> umask;
  std::vector<std::uint32_t> additional_gids;
  bool operator==(const RuntimeUser&) const = default;
};

// Names as in the file: "CAP_CHOWN". Absent sets are empty: nothing is kept that was not asked for.
struct RuntimeCapabilities {
  std::vector<std::string> bounding;
  std::vector<std::string> effective;
  std::vector<std::string> permitted;
  std::vector<std::string> inheritable;
  std::vector<std::string> ambient;
  bool operator==(const RuntimeCapabilities&) const = default;
};

struct RuntimeRlimit {
  std::string type;  // "RLIMIT_NOFILE"
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  bool operator==(const RuntimeRlimit&) const = default;
};

struct RuntimeConsoleSize {
  std::uint16_t height = 0;  // in characters; 0 leaves it to the terminal
  std::uint16_t width = 0;
  bool operator==(const RuntimeConsoleSize&) const = default;
};

struct RuntimeProcess {
  bool terminal = false;
  RuntimeConsoleSize console_size;
  RuntimeUser user;
  std::vector<std::string> args;  // never empty
  std::vector<std::string> env;   // "KEY=value"
  std::string cwd = "/";          // absolute
  bool no_new_privileges = false;
  RuntimeCapabilities capabilities;
  std::vector<RuntimeRlimit> rlimits;
  std::optional<std::int64_t> oom_score_adj;
  RuntimeScheduling scheduling;
  bool operator==(const RuntimeProcess&) const = default;
};

struct RuntimeRoot {
  std::string path;  // relative to the bundle, or absolute
  bool readonly = false;
  bool operator==(const RuntimeRoot&) const = default;
};

struct RuntimeIdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;
  std::uint32_t size = 0;
  bool operator==(const RuntimeIdMapping&) const = default;
};

// A mount whose destination is "/" is the root file system itself, mounted on root.path inside the
// container's mount namespace: an extension that keeps an overlay from ever being seen by the host.
struct RuntimeMount {
  std::string destination;  // absolute
  std::string type;
  std::string source;
  std::vector<std::string> options;
  std::vector<RuntimeIdMapping>
      uid_mappings;  // of an id-mapped mount: ids in the source to the host's
  std::vector<RuntimeIdMapping> gid_mappings;
  bool operator==(const RuntimeMount&) const = default;
};

struct RuntimeNamespace {
  std::string type;  // "pid", "network", …
  std::string path;  // to join, or empty for a new one
  bool operator==(const RuntimeNamespace&) const = default;
};

struct RuntimeDevice {
  std::string type;  // "c", "b", "u" or "p"
  std::string path;  // absolute
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::optional<std::uint32_t> file_mode;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  bool operator==(const RuntimeDevice&) const = default;
};

// What a new time namespace adds to a clock of the host.
struct RuntimeTimeOffset {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  bool operator==(const RuntimeTimeOffset&) const = default;
};

struct RuntimeLinux {
  std::vector<RuntimeNamespace> namespaces;
  std::vector<RuntimeIdMapping> uid_mappings;
  std::vector<RuntimeIdMapping> gid_mappings;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  std::string cgroups_path;  // see container/runtime/cgroup.h
  RuntimeResources resources;
  // "", "private", "slave", "shared", "unbindable" and their "r" forms
  std::string rootfs_propagation;
  std::vector<RuntimeDevice> devices;
  std::map<std::string, std::string> sysctl;
  std::map<std::string, RuntimeTimeOffset> time_offsets;  // by clock: "monotonic", "boottime"
  std::optional<RuntimeSeccomp> seccomp;
  // Not empty, which is all that is known of them: only Linux programs are given what they ask for.
  bool has_intel_rdt = false;
  bool has_net_devices = false;
  bool operator==(const RuntimeLinux&) const = default;
};

struct RuntimeConfig {
  std::string oci_version = "1.0.2";
  RuntimeProcess process;
  RuntimeRoot root;
  std::string hostname;
  std::string domainname;
  std::vector<RuntimeMount> mounts;
  RuntimeLinux linux_section;
  RuntimeHooks hooks;
  std::map<std::string, std::string> annotations;
  bool operator==(const RuntimeConfig&) const = default;
};

// config.json is read whole; a bigger one is refused.
inline constexpr std::size_t kMaxRuntimeConfigBytes = 8u << 20;

// Throws Error(InvalidArgument) naming the field: "config.json: process.args: expected an array of
// strings". Texts that become C strings may hold no NUL.
RuntimeConfig parse_runtime_config(std::string_view text);

// The same for a process alone: what `exec --process` is given. Errors name the fields likewise.
RuntimeProcess parse_runtime_process(std::string_view text);

// The inverse: parse_runtime_config(to_json(c)) == c for every c that parse_runtime_config can
// return.
std::string to_json(const RuntimeConfig& config);

}  // namespace wherry::oci
