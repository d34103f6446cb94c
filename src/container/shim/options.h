// What a client wants of the runtime: CreateTaskRequest.options, of whatever type.
#pragma once

#include <string>
#include <string_view>

namespace wherry::shim {

namespace wire {
class Any;
}

struct RuntimeOptions {
  bool systemd_cgroup = false;
  // Where the runtime remembers containers; empty for the usual place.
  std::string root;
  // A runtime for Linux programs; empty for the one that is found.
  std::string linux_runtime;
  bool operator==(const RuntimeOptions&) const = default;
};

// Reads containerd.runc.v1.Options (ctr, nerdctl) and runtimeoptions.v1.Options (Docker, CRI), whose
// configuration is TOML as containerd's own file has it. Other types, and keys nobody here knows, say
// nothing. Never fails.
RuntimeOptions parse_options(const wire::Any& options);

// Of a TOML text the booleans SystemdCgroup and texts BinaryName and Root, in whatever table they
// stand.
RuntimeOptions parse_options_toml(std::string_view text);

}  // namespace wherry::shim
