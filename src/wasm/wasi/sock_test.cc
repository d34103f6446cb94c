#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "wasm/wasi/guest_test.h"

namespace wherry::wasi {
namespace {

// A guest with a listening socket, which is descriptor 4.
struct Listening {
  sockaddr_in address{};
  Options options;

  Listening() {
    os::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket.get(), 4), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    options.sockets.push_back(std::move(socket));
  }
  os::Fd connect() {
    os::Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return client;
  }
};

// The preopen of Guest comes after what it was given, so sockets are put in by hand.
u32 add_socket(Guest& guest, os::Fd socket) {
  return *guest.state().descriptors.insert(describe_inherited(std::move(socket)));
}

TEST(Sockets, AreAcceptedAndTalkedOver) {
  Listening listening;
  os::Fd socket = std::move(listening.options.sockets[0]);
  Guest guest;
  u32 listener = add_socket(guest, std::move(socket));
  os::Fd client = listening.connect();
  ASSERT_EQ(sock_accept(guest.state(), guest.memory(), listener, 0, 0x8000), Errno::Success);
  u32 connection = guest.at<u32>(0x8000);
  ASSERT_EQ(fd_fdstat_get(guest.state(), guest.memory(), connection, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<std::uint8_t>(0x8000), 6);

  u32 data = guest.put("hello");
  ASSERT_EQ(
      sock_send(guest.state(), guest.memory(), connection, guest.put_vector(data, 5), 1, 0, 0x8000),
      Errno::Success);
  char text[8] = {};
  ASSERT_EQ(::read(client.get(), text, 8), 5);
  EXPECT_STREQ(text, "hello");

  ASSERT_EQ(::write(client.get(), "answer", 6), 6);
  u32 vector = guest.put_vector(0x8010, 16);
  auto receive = [&](u32 flags) {
    return sock_recv(guest.state(), guest.memory(), connection, vector, 1, flags, 0x8000, 0x8004);
  };
  ASSERT_EQ(receive(1), Errno::Success);
  EXPECT_EQ(guest.at<u32>(0x8000), 6u);
  ASSERT_EQ(receive(0), Errno::Success);
  EXPECT_EQ(guest.text(0x8010, 6), "answer");
  EXPECT_EQ(receive(4), Errno::Inval);

  EXPECT_EQ(sock_shutdown(guest.state(), guest.memory(), connection, 0), Errno::Inval);
  EXPECT_EQ(sock_shutdown(guest.state(), guest.memory(), connection, 2), Errno::Success);
  EXPECT_EQ(::read(client.get(), text, 8), 0);
  EXPECT_EQ(sock_send(guest.state(), guest.memory(), connection, vector, 1, 0, 0x8000),
            Errno::Pipe);
}

TEST(Sockets, DoNotBlockWhereAskedNotTo) {
  Listening listening;
  os::Fd socket = std::move(listening.options.sockets[0]);
  ASSERT_EQ(::fcntl(socket.get(), F_SETFL, O_NONBLOCK), 0);
  Guest guest;
  u32 listener = add_socket(guest, std::move(socket));
  EXPECT_EQ(sock_accept(guest.state(), guest.memory(), listener, 0, 0x8000), Errno::Again);
  EXPECT_EQ(sock_accept(guest.state(), guest.memory(), listener, 1, 0x8000), Errno::Inval);
}

TEST(Sockets, AreToldFromOtherThings) {
  Guest guest;
  u32 file = guest.create("file");
  EXPECT_EQ(sock_accept(guest.state(), guest.memory(), file, 0, 0x8000), Errno::Notsock);
  EXPECT_EQ(sock_shutdown(guest.state(), guest.memory(), file, 1), Errno::Notsock);
  EXPECT_EQ(sock_send(guest.state(), guest.memory(), file, 0, 0, 0, 0x8000), Errno::Notsock);
  EXPECT_EQ(sock_recv(guest.state(), guest.memory(), file, 0, 0, 0, 0x8000, 0x8004),
            Errno::Notsock);
  EXPECT_EQ(sock_shutdown(guest.state(), guest.memory(), 99, 1), Errno::Badf);
}

TEST(Sockets, OfDatagramsTellWhatWasCut) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
  os::Fd other(ends[1]);
  Guest guest;
  u32 fd = add_socket(guest, os::Fd(ends[0]));
  ASSERT_EQ(::write(other.get(), "0123456789", 10), 10);
  ASSERT_EQ(sock_recv(guest.state(), guest.memory(), fd, guest.put_vector(0x8010, 4), 1, 0, 0x8000,
                      0x8004),
            Errno::Success);
  EXPECT_EQ(guest.at<u32>(0x8000), 4u);
  EXPECT_EQ(guest.at<std::uint16_t>(0x8004), 1);
}

TEST(Sockets, OfNotifyAreOpenedByName) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
  os::Fd other(ends[1]);
  Options options;
  options.notify = os::Fd(ends[0]);
  options.notify_path = "/notify";
  Guest guest(os::Scope::InRoot, "/", std::move(options));
  for (const char* name : {"notify", "another"}) {
    os::Fd bound(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (guest.inside() / name).string().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(bound.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  u32 fd = 0;
  ASSERT_EQ(guest.open("notify", {.base = rights::kFdWrite}, &fd), Errno::Success);
  u32 text = guest.put("READY=1");
  ASSERT_EQ(fd_write(guest.state(), guest.memory(), fd, guest.put_vector(text, 7), 1, 0x8000),
            Errno::Success);
  char buffer[16];
  EXPECT_EQ(::read(other.get(), buffer, sizeof buffer), 7);
  EXPECT_EQ(fd_close(guest.state(), guest.memory(), fd), Errno::Success);
  EXPECT_EQ(guest.open("./notify", {.base = rights::kFdWrite}), Errno::Success);
  EXPECT_EQ(guest.open("another", {.base = rights::kFdWrite}), Errno::Nxio);
}

}  // namespace
}  // namespace wherry::wasi
