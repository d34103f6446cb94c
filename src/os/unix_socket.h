// Unix sockets by path, of any length, and descriptors sent over them.
//
// A socket's address holds 107 bytes of path; longer ones are reached through a descriptor of the
// file or of its folder. Everything throws Error. Thread safety: stateless.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "os/fd.h"

namespace wherry::os {

// Type is SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET. Close-on-exec, blocking. Throws "connect to
// 'path': …", "bind 'path': …".
Fd connect_unix(const std::string& path, int type);
Fd bind_unix(const std::string& path, int type);
// The same for a name that no file has, of at most 107 bytes, in the network namespace of the caller.
Fd connect_abstract_unix(const std::string& name, int type);

// One message with a descriptor in it. Text is not empty.
void send_descriptor(int socket, int fd, std::string_view text);
// The same where the other end may have gone: returns 0, or errno.
int try_send_descriptor(int socket, int fd, std::string_view text) noexcept;
// Waits for one. Throws where the other end goes without sending one.
struct ReceivedDescriptor {
  Fd fd;
  std::string text;
};
ReceivedDescriptor receive_descriptor(int socket);
// The same for a message that may have none in it, of up to 4096 bytes, and for an end that may go: the
// descriptor is not open then, the text empty.
ReceivedDescriptor try_receive_descriptor(int socket);

}  // namespace wherry::os
