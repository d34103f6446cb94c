// How containerd calls a shim: flags, an action, the environment.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace wherry::shim {

enum class Action : std::uint8_t {
  Start,    // have a shim that serves this container, print its address
  Delete,   // take away what a container left behind
  Info,     // print what this runtime is
  Version,  // the same, for people
  // Not containerd's:
  Serve,  // be the shim: what `start` executes
  Fetch,  // put the module of the container's image into the bundle: what a shim executes
};

struct Invocation {
  Action action = Action::Start;
  std::string namespace_name;
  std::string id;
  std::string address;  // of containerd's gRPC socket
  std::string bundle;   // of `delete` and `fetch`
  std::string socket;   // of `serve`: the path that its listener is bound to
  // From the environment.
  std::string ttrpc_address;
  bool has_grpc_address = false;  // set since containerd 1.7
  bool operator==(const Invocation&) const = default;
};

// Reads flags as Go's flag package does: "-name value", "-name=value", one dash or two. -debug and
// -publish-binary are containerd's, and change nothing here. Flags nobody knows are
// Error(InvalidArgument).
Invocation parse_invocation(std::span<const std::string> arguments);
void read_environment(Invocation& invocation);

}  // namespace wherry::shim
