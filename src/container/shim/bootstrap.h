// The start of a shim: what containerd writes to its standard input, and the address it reads back.
//
//   containerd   standard input            answer
//   1.6          Any of runtime options    the address
//   1.7 to 2.2   Any of runtime options    {"version":2,"address":…,"protocol":"ttrpc"}
//   2.3          BootstrapParams           BootstrapResult
//
// An Any may parse as BootstrapParams, since both begin with two texts: it is believed to be one where
// it names the container and the namespace that the command line names. Thread safety: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "container/shim/invocation.h"

namespace wherry::shim {

enum class Dialect : std::uint8_t { Plain, Json, Protobuf };

struct Bootstrap {
  Dialect dialect = Dialect::Plain;
  std::string socket_directory;  // empty where containerd names none
  std::string ttrpc_address;
  std::string grpc_address;
  bool operator==(const Bootstrap&) const = default;
};

inline constexpr std::size_t kMaxBootstrapBytes = 4u << 20;

// Never fails: what is not BootstrapParams is somebody else's options.
Bootstrap parse_bootstrap(std::string_view input, const Invocation& invocation);

// What `start` prints. address is "unix://…".
std::string bootstrap_answer(Dialect dialect, const std::string& address);

// The path of a shim's socket: one for each containerd, namespace and group.
std::string socket_path(const std::string& directory, const Invocation& invocation,
                        std::string_view group);

// "unix:///run/x" and "/run/x" are both "/run/x".
std::string path_of_address(std::string_view address);

}  // namespace wherry::shim
