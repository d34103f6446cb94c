#include "os/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/error.h"

namespace wherry::os {
namespace {

bool fits(const std::string& path) { return path.size() < sizeof(sockaddr_un::sun_path); }

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Fd make_socket(int type) {
  return Fd(sys([&] { return ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0); }, "make a socket"));
}

// A message of one part, with room for one descriptor beside it. The text outlives it.
struct Message {
  Message(char* text, std::size_t size) : part{.iov_base = text, .iov_len = size} {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  iovec part;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
};

}  // namespace

Fd connect_unix(const std::string& path, int type) {
  Fd file;
  std::string name = path;
  if (!fits(path)) {
    file =
        Fd(sys([&] { return ::open(path.c_str(), O_PATH | O_CLOEXEC); }, "connect to '{}'", path));
    name = fmt::format("/proc/self/fd/{}", file.get());
  }
  Fd socket = make_socket(type);
  sockaddr_un address = address_of(name);
  sys([&] { return ::connect(socket.get(), generic(address), sizeof address); }, "connect to '{}'",
      path);
  return socket;
}

Fd bind_unix(const std::string& path, int type) {
  Fd folder;
  std::string name = path;
  if (!fits(path)) {
    std::size_t slash = path.find_last_of('/');
    std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    folder = Fd(sys([&] { return ::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); },
                    "bind '{}'", path));
    name = fmt::format("/proc/self/fd/{}/{}", folder.get(), path.substr(slash + 1));
    if (!fits(name)) fail_errno(ENAMETOOLONG, "bind '{}'", path);
  }
  Fd socket = make_socket(type);
  sockaddr_un address = address_of(name);
  sys([&] { return ::bind(socket.get(), generic(address), sizeof address); }, "bind '{}'", path);
  return socket;
}

Fd connect_abstract_unix(const std::string& name, int type) {
  sockaddr_un address{};
  if (name.size() >= sizeof address.sun_path) fail_errno(ENAMETOOLONG, "connect to '@{}'", name);
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  // All of it counts: zeros behind the name would be a part of it.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  Fd socket = make_socket(type);
  sys([&] { return ::connect(socket.get(), generic(address), length); }, "connect to '@{}'", name);
  return socket;
}

void send_descriptor(int socket, int fd, std::string_view text) {
  if (int error = try_send_descriptor(socket, fd, text)) fail_errno(error, "send a descriptor");
}

int try_send_descriptor(int socket, int fd, std::string_view text) noexcept {
  Message message(const_cast<char*>(text.data()), text.size());
  cmsghdr* header = CMSG_FIRSTHDR(&message.header);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  ssize_t sent;
  do {
    sent = ::sendmsg(socket, &message.header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

ReceivedDescriptor receive_descriptor(int socket) {
  ReceivedDescriptor received = try_receive_descriptor(socket);
  if (received.fd.is_open()) return received;
  fail(ErrorKind::Unavailable, "receive a descriptor: the other end sent none");
}

ReceivedDescriptor try_receive_descriptor(int socket) {
  std::string text(4096, '\0');
  Message message(text.data(), text.size());
  auto receive = [&] { return ::recvmsg(socket, &message.header, MSG_CMSG_CLOEXEC); };
  ssize_t got = receive();
  // That the other end left without reading everything is said once, before what it sent: asked again.
  if (got < 0) got = sys(receive, "receive a descriptor");
  text.resize(static_cast<std::size_t>(got));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message.header); header;
       header = CMSG_NXTHDR(&message.header, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return {Fd(fd), std::move(text)};
  }
  return {Fd(), std::move(text)};
}

}  // namespace wherry::os
