// What a shim knows of its containers: a task is a container, its processes are the one it was made
// with and those of `exec`.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "container/runtime/cgroup.h"
#include "container/shim/options.h"
#include "container/shim/streams.h"
#include "container/ttrpc/server.h"
#include "os/process.h"

namespace wherry::shim {

enum class ProcessState : std::uint8_t { Making, Created, Starting, Running, Stopped };

struct Process {
  std::string exec_id;  // empty for the first
  pid_t pid = 0;
  ProcessState state = ProcessState::Making;
  std::unique_ptr<Streams> streams;
  std::string spec;  // of exec: what to run, as JSON

  os::ExitStatus exit;  // of a stopped one, and when
  timespec exited_at{};
  // It ended while it was being started: told once the start has been.
  bool ended_early = false;
  bool end_is_told = false;
  std::vector<ttrpc::Responder> waiters;
};

struct Task {
  std::string id;
  std::string bundle;
  RuntimeOptions options;
  bool lacks_entrypoint = false;  // no file of its root or its mounts is the one it starts with
  bool has_module = false;        // its bundle has the module, fetched from containerd
  bool paused = false;
  bool deleting = false;
  Process first;
  std::map<std::string, std::shared_ptr<Process>> execs;

  container::Cgroup cgroup;
  std::optional<container::Cgroup::OomWatch> oom_watch;
  std::uint64_t oom_kills = 0;

  std::string rootfs() const { return bundle + "/rootfs"; }
};

}  // namespace wherry::shim
