#include "container/ttrpc/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "container/ttrpc/client.h"
#include "container/ttrpc/ttrpc.pb.h"
#include "os/file.h"
#include "os/unix_socket.h"

namespace wherry::ttrpc {
namespace {

using std::chrono::milliseconds;

class TtrpcServer : public testing::Test {
 protected:
  std::string path_ = testing::TempDir() + os::unique_name();
  os::EventLoop loop_{[](std::string_view error) { ADD_FAILURE() << error; }};
  std::vector<Responder> held_;
  std::unique_ptr<Server> server_;

  void SetUp() override {
    os::Fd listener = os::bind_unix(path_, SOCK_STREAM);
    ::listen(listener.get(), 8);
    ::fcntl(listener.get(), F_SETFL, O_NONBLOCK);
    server_ = std::make_unique<Server>(
        loop_, std::move(listener),
        std::map<std::string, Service>{{"test", [this](auto method, auto payload, auto& responder) {
                                          serve(method, payload, responder);
                                        }}});
  }
  void TearDown() override { ::unlink(path_.c_str()); }

  void serve(std::string_view method, std::string_view, const Responder& responder) {
    if (method == "hold") return held_.push_back(responder);
    if (method == "refuse") fail(ErrorKind::NotFound, "there is none");
    if (method == "forget") return;
    wire::KeyValue answer;
    answer.set_key(std::string(method));
    responder.reply(answer);
  }

  // What the call ended with; runs the loop meanwhile.
  std::optional<Error> outcome(Client& client, const Call& call) {
    std::optional<Error> result;
    bool done = false;
    client.call(call, wire::KeyValue(), [&](std::optional<Error> error) {
      result = std::move(error);
      done = true;
      loop_.stop();
    });
    auto timer = loop_.after(milliseconds(5000), [&] { loop_.stop(); });
    loop_.run();
    loop_.cancel(timer);
    EXPECT_TRUE(done);
    return result;
  }
};

TEST_F(TtrpcServer, AnswersACall) {
  Client client(loop_, path_);
  EXPECT_FALSE(outcome(client, {"test", "echo", {}}));
}

TEST_F(TtrpcServer, TellsWhatAServiceThrew) {
  Client client(loop_, path_);
  auto error = outcome(client, {"test", "refuse", {}});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::NotFound);
  EXPECT_STREQ(error->what(), "there is none");
}

TEST_F(TtrpcServer, RefusesAnUnknownServiceAsUnimplemented) {
  Client client(loop_, path_);
  auto error = outcome(client, {"other", "echo", {}});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::Unimplemented);
}

TEST_F(TtrpcServer, AnswersWhatAServiceForgot) {
  Client client(loop_, path_);
  auto error = outcome(client, {"test", "forget", {}});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::Internal);
}

TEST_F(TtrpcServer, AnswersOutOfOrder) {
  Client client(loop_, path_);
  bool held_is_done = false;
  client.call({"test", "hold", {}}, wire::KeyValue(), [&](std::optional<Error> error) {
    EXPECT_FALSE(error);
    held_is_done = true;
    loop_.stop();
  });
  EXPECT_FALSE(outcome(client, {"test", "echo", {}}));
  EXPECT_FALSE(held_is_done);
  ASSERT_EQ(held_.size(), 1u);
  held_[0].reply(wire::KeyValue());
  loop_.run();
  EXPECT_TRUE(held_is_done);
}

TEST_F(TtrpcServer, OutlivesAClientThatGoesWithCallsOpen) {
  {
    Client client(loop_, path_);
    client.call({"test", "hold", {}}, wire::KeyValue(), [](std::optional<Error>) {});
    while (held_.empty()) {
      loop_.after(milliseconds(1), [&] { loop_.stop(); });
      loop_.run();
    }
  }
  Client other(loop_, path_);
  EXPECT_FALSE(outcome(other, {"test", "echo", {}}));
  held_[0].reply(wire::KeyValue());
  EXPECT_FALSE(outcome(other, {"test", "echo", {}}));
}

// Bytes as they are, for what a client would not send.
wire::Response exchange(os::EventLoop& loop, const std::string& path, const std::string& bytes) {
  os::Fd socket = os::connect_unix(path, SOCK_STREAM);
  std::size_t sent = 0;
  wire::Response response;
  FrameReader reader;
  ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
  for (int turn = 0; turn < 5000; ++turn) {
    ssize_t count = ::write(socket.get(), bytes.data() + sent, bytes.size() - sent);
    if (count > 0) sent += static_cast<std::size_t>(count);
    loop.after(milliseconds(1), [&] { loop.stop(); });
    loop.run();
    char buffer[4096];
    ssize_t got = ::read(socket.get(), buffer, sizeof buffer);
    if (got > 0) reader.push({buffer, static_cast<std::size_t>(got)});
    auto frame = reader.next();
    if (!frame) continue;
    EXPECT_EQ(frame->kind, 2);
    EXPECT_TRUE(response.ParseFromString(frame->message));
    return response;
  }
  ADD_FAILURE() << "no answer";
  return response;
}

TEST_F(TtrpcServer, RefusesAMalformedRequestAndAnEvenStream) {
  EXPECT_EQ(exchange(loop_, path_, encode_frame(1, FrameKind::Request, "\xff")).status().code(), 3);
  EXPECT_EQ(exchange(loop_, path_, encode_frame(2, FrameKind::Request, "")).status().code(), 3);
}

TEST_F(TtrpcServer, RefusesAMessageThatIsTooLongAndReadsOn) {
  std::string frame = encode_frame(1, FrameKind::Request, std::string(kMaxMessageBytes, 'x'));
  frame[3] = 1;  // one byte more
  EXPECT_EQ(exchange(loop_, path_, frame + "x").status().code(), 8);
}

}  // namespace
}  // namespace wherry::ttrpc
