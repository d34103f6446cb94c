#include "os/unix_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>

#include "base/error.h"

namespace wherry::os {
namespace {

class UnixSocket : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_ = testing::TempDir() + "wherry-socket." + std::to_string(::getpid());
};

TEST_F(UnixSocket, CarriesADescriptor) {
  for (std::string path : {folder_ + "/s", folder_ + "/" + std::string(100, 'd') + "/s"}) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    Fd listener = bind_unix(path, SOCK_STREAM);
    ASSERT_EQ(::listen(listener.get(), 1), 0);
    Fd client = connect_unix(path, SOCK_STREAM);
    Fd server(::accept(listener.get(), nullptr, nullptr));
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    Fd reader(ends[0]);
    Fd writer(ends[1]);
    send_descriptor(client.get(), writer.get(), "the name");
    ReceivedDescriptor received = receive_descriptor(server.get());
    EXPECT_EQ(received.text, "the name");
    ASSERT_EQ(::write(received.fd.get(), "x", 1), 1);
    char byte = 0;
    EXPECT_EQ(::read(reader.get(), &byte, 1), 1);
  }
}

TEST_F(UnixSocket, MayHaveANameWithoutAFile) {
  const std::string name = "wherry-socket." + std::to_string(::getpid());
  EXPECT_EQ(outcome_of([&] { return connect_abstract_unix(name, SOCK_DGRAM).get(); }).second,
            "connect to '@" + name + "': Connection refused");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());
  Fd listener(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
            0);
  Fd client = connect_abstract_unix(name, SOCK_DGRAM);
  ASSERT_EQ(::send(client.get(), "x", 1, 0), 1);
  char byte = 0;
  EXPECT_EQ(::recv(listener.get(), &byte, 1, MSG_DONTWAIT), 1);
  EXPECT_EQ(outcome_of([] {
              return connect_abstract_unix(std::string(108, 'n'), SOCK_DGRAM).get();
            }).second,
            "connect to '@" + std::string(108, 'n') + "': File name too long");
}

TEST_F(UnixSocket, SaysWhereThereIsNobody) {
  auto [socket, problem] =
      outcome_of([&] { return connect_unix(folder_ + "/none", SOCK_STREAM).get(); });
  EXPECT_EQ(problem, "connect to '" + folder_ + "/none': No such file or directory");
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  Fd ours(ends[0]);
  {
    Fd theirs(ends[1]);
  }
  auto [received, silence] = outcome_of([&] { return receive_descriptor(ours.get()).text; });
  EXPECT_EQ(silence, "receive a descriptor: the other end sent none");
}

}  // namespace
}  // namespace wherry::os
