// The terminal of a container (process.terminal): made inside it, handed to whoever shows it: a console
// socket, or the runtime itself (os/terminal_relay.h).
#pragma once

#include "oci/runtime_config.h"
#include "os/fd.h"

namespace wherry::container {

// Makes a terminal of process.consoleSize in the devpts of the tree at root, owned by the process's
// user, and sends its master over socket, a connected Unix stream socket, as runc does: one message
// of the slave's path with the descriptor. Returns the slave. Throws Error.
// Requires: the caller stands in the container's mount and user namespaces and is root there.
os::Fd make_terminal(int root, const oci::RuntimeProcess& process, int socket);

// Shows the slave as /dev/console of the tree at root, for the container's first process.
void mount_console(int root, const os::Fd& slave);

}  // namespace wherry::container
