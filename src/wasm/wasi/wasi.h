// WASI preview 1 for one guest: what it is given, and the functions it imports.
//
// Import modules `wasi_snapshot_preview1` and, with the structures of its time where they differ,
// `wasi_unstable`. An import of these modules that preview 1 does not have is left to others, so
// that Store::instantiate names it.
//
// The working directory. Preview 1 has none: a path is always relative to a directory descriptor,
// and the guest's C library turns "/etc/hosts" and "etc/hosts" alike into "etc/hosts" beneath the
// descriptor preopened as "/" (a preopen named "." is the same name to it). So the difference is
// made here. Where Options::working_directory is not "/", a path given with an InRoot preopen is
//   * relative to the working directory, where it starts with "." or "..";
//   * else relative to the root, where its first name exists there, and also in the working
//     directory only where the whole path does not exist in the root but does in the latter;
//   * else relative to the working directory.
// What remains ambiguous: "/" itself is taken for ".", and an absolute path whose first name does
// not exist in the root is taken for a relative one. PWD is set for guests whose library reads it
// (Go).
//
// Constructing one makes the process ignore SIGPIPE: a guest writing to a closed pipe gets an
// error. Thread safety: belongs to the thread of the Store it is used with, and must outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "os/fd.h"
#include "os/path_at.h"
#include "wasm/engine/engine.h"

namespace wherry::wasi {

struct Preopen {
  std::string name;  // as the guest knows it: "/", "data"
  os::Fd directory;
  // InRoot: the root file system of a container, where absolute links of the image resolve.
  // Beneath: a directory; nothing leads out of it.
  os::Scope scope = os::Scope::Beneath;
};

struct Options {
  std::vector<std::string> arguments;    // the program's name first
  std::vector<std::string> environment;  // "NAME=value"
  // Numbered 0, 1, 2. One that is not open is not open in the guest either.
  os::Fd standard_input;
  os::Fd standard_output;
  os::Fd standard_error;
  std::vector<os::Fd> given;      // numbered from 3, as LISTEN_FDS has it
  std::vector<Preopen> preopens;  // numbered after those given
  std::vector<os::Fd> sockets;    // numbered after the preopens
  // A connected datagram socket, and the file it is bound to: opening the file opens the socket.
  // That is how a guest, which cannot make sockets, reaches NOTIFY_SOCKET (sd_notify).
  os::Fd notify;
  std::string notify_path;
  std::string working_directory = "/";
  std::uint32_t max_descriptors = 4096;
};

// Duplicates of the process's own descriptors 0, 1 and 2, those that are open.
void inherit_standard_streams(Options& options);

struct State;

class Wasi {
 public:
  // Throws Error(InvalidArgument) for arguments or environment with a NUL or of more than 64 MiB,
  // and where a descriptor is not what it is given as.
  explicit Wasi(Options options);
  ~Wasi();
  Wasi(const Wasi&) = delete;
  Wasi& operator=(const Wasi&) = delete;

  // For Store::instantiate: the function an import names, made in store.
  std::optional<wasm::Extern> resolve(wasm::Store& store, const wasm::Import& import);

  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

// How a command ended: by proc_exit or by returning from _start (code 0), or by a trap.
using Outcome = std::variant<std::uint32_t, wasm::Trap>;

// Calls the module's `_start`; a reactor's `_initialize` where it has no `_start`.
// Throws Error(FailedPrecondition) where it exports neither as a function without parameters.
Outcome run_command(wasm::Store& store, const wasm::Instance& instance);

}  // namespace wherry::wasi
