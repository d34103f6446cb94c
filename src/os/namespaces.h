// Namespaces: their names, their id maps, the loopback device of a new network.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "os/fd.h"

namespace wherry::os {

// CLONE_NEW* of a namespace as the OCI runtime spec calls it ("pid", "network", "mount", "ipc",
// "uts", "user", "cgroup"); nothing for an unknown name.
std::optional<std::uint64_t> namespace_flag(std::string_view name);
// All names that it knows.
std::vector<std::string> namespace_names();

// CLONE_NEW* of those namespaces of a process that this process does not stand in. Throws Error.
std::uint64_t foreign_namespaces(pid_t pid);

// Whether user ids mean here what they mean to the machine.
bool in_user_namespace();

// One range of ids: inside a user namespace, and what they are outside.
struct IdRange {
  std::uint32_t inside = 0;
  std::uint32_t outside = 0;
  std::uint32_t count = 0;
  bool operator==(const IdRange&) const = default;
};

// Fills the id maps of a process that stands in a new user namespace. An ordinary user may map only
// itself, and by newuidmap and newgidmap what /etc/subuid and /etc/subgid give it. Throws Error.
void write_id_maps(pid_t pid, std::span<const IdRange> uids, std::span<const IdRange> gids);

// A user namespace that nobody stands in, with those maps: a descriptor of it. Throws Error.
Fd make_user_namespace(std::span<const IdRange> uids, std::span<const IdRange> gids);

// Brings "lo" of the current network namespace up. Throws Error.
void bring_loopback_up();

// This process's own network namespace, not open where it has no right to come back to it. Throws Error.
Fd open_own_network();
// A network namespace that nobody stands in, with "lo" up: a descriptor of it. This process leaves its
// own for a moment, which open_own_network() has opened. Throws Error.
// Requires: the process has one thread.
Fd make_network_namespace(const Fd& own);

}  // namespace wherry::os
