// What is remembered of a container between two commands: state.json of its folder.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "container/runtime/lifecycle.h"
#include "os/process_id.h"

namespace wherry::container {

struct StateRecord {
  std::string id;
  std::string bundle;  // absolute
  std::string rootfs;  // absolute
  State state = State::Creating;
  os::ProcessId init;
  std::string created;      // RFC 3339
  std::uint32_t owner = 0;  // the user who made it
  std::string cgroup;       // what Cgroup::open takes; empty without one
  std::string module;       // see CreateRequest; absolute
  std::map<std::string, std::string> annotations;
  bool operator==(const StateRecord&) const = default;
};

std::string to_json(const StateRecord& record);
// Throws Error(DataLoss).
StateRecord parse_state_record(std::string_view text);

// Another runtime's, as it prints it. Throws Error(DataLoss).
struct StateAndRecord;
StateAndRecord parse_oci_state(std::string_view text);

// The state as the OCI runtime specification shows it (runtime.md), with runc's additions: rootfs,
// created, owner. What `state` prints and hooks read. A stopped container has no pid.
std::string to_oci_json(const StateRecord& record, State state);
// The same of a container that somebody inside it looks at: pid is its init as seen from there
// (runtime.md, "State"). Throws Error(DataLoss).
std::string seen_from_inside(std::string_view oci_json, pid_t pid, State state);
// Several of them, as an array: what `list --format json` prints.
struct StateAndRecord {
  StateRecord record;
  State state;
};
std::string to_oci_json(std::span<const StateAndRecord> all);

}  // namespace wherry::container
