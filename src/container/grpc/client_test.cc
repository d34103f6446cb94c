// The client under a scripted server: HTTP/2 by nghttp2's other side, on a thread of its own.
#include "container/grpc/client.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <thread>

#include "base/error.h"
#include "container/grpc/message_reader.h"
#include "container/ttrpc/ttrpc.pb.h"

namespace wherry::grpc {
namespace {

using std::chrono::milliseconds;

struct Script {
  std::string http_status = "200";
  std::string content_type = "application/grpc+proto";
  std::string body;    // messages with their prefixes
  std::string status;  // empty for an answer that ends without trailers
  std::string words;   // as they are sent, encoded
  bool only_trailers = false;
  bool silent = false;                            // never answers
  std::size_t hang_up_after = std::string::npos;  // bytes sent: the connection ends there
};

// Serves one connection until it ends.
class Server {
 public:
  Server(os::Fd socket, Script script) : socket_(std::move(socket)), script_(std::move(script)) {
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Requires: the answer has come.
  const std::map<std::string, std::string>& headers() const { return headers_; }
  const std::string& request() const { return request_; }

 private:
  static Server& self(void* user_data) { return *static_cast<Server*>(user_data); }
  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user_data) {
    self(user_data).headers_[std::string(reinterpret_cast<const char*>(name), name_size)] =
        std::string(reinterpret_cast<const char*>(value), value_size);
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* data,
                     std::size_t size, void* user_data) {
    self(user_data).request_.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    Server& server = self(user_data);
    bool ends = frame->hd.type == NGHTTP2_DATA && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    if (ends && !server.script_.silent) {
      server.sent_ = 0;
      server.answer(session, frame->hd.stream_id);
    }
    return 0;
  }
  static ssize_t give_body(nghttp2_session* session, std::int32_t stream, std::uint8_t* buffer,
                           std::size_t size, std::uint32_t* flags, nghttp2_data_source*,
                           void* user_data) {
    Server& server = self(user_data);
    std::size_t count = std::min(size, server.script_.body.size() - server.sent_);
    std::memcpy(buffer, server.script_.body.data() + server.sent_, count);
    server.sent_ += count;
    if (server.sent_ == server.script_.body.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!server.script_.status.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        auto trailers = server.trailers();
        ::nghttp2_submit_trailer(session, stream, trailers.data(), trailers.size());
      }
    }
    return static_cast<ssize_t>(count);
  }

  static nghttp2_nv header(std::string_view name, const std::string& value) {
    auto bytes = [](std::string_view text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
  }
  std::vector<nghttp2_nv> trailers() const {
    return {header("grpc-status", script_.status), header("grpc-message", script_.words)};
  }
  void answer(nghttp2_session* session, std::int32_t stream) {
    std::vector<nghttp2_nv> headers = {header(":status", script_.http_status),
                                       header("content-type", script_.content_type)};
    nghttp2_data_provider body{.source = {.ptr = nullptr}, .read_callback = give_body};
    if (script_.only_trailers) {
      for (const nghttp2_nv& each : trailers()) headers.push_back(each);
    }
    ::nghttp2_submit_response(session, stream, headers.data(), headers.size(),
                              script_.only_trailers ? nullptr : &body);
  }

  void serve() {
    nghttp2_session_callbacks* callbacks = nullptr;
    ::nghttp2_session_callbacks_new(&callbacks);
    ::nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    ::nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session* session = nullptr;
    ::nghttp2_session_server_new(&session, callbacks, this);
    ::nghttp2_session_callbacks_del(callbacks);
    ::nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
    std::size_t left = script_.hang_up_after;
    while (send_all(session, left)) {
      std::uint8_t buffer[4096];
      ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
      if (got <= 0) break;
      if (::nghttp2_session_mem_recv(session, buffer, static_cast<std::size_t>(got)) < 0) break;
    }
    ::shutdown(socket_.get(), SHUT_RDWR);
    ::nghttp2_session_del(session);
  }
  bool send_all(nghttp2_session* session, std::size_t& left) {
    for (;;) {
      const std::uint8_t* bytes = nullptr;
      ssize_t size = ::nghttp2_session_mem_send(session, &bytes);
      if (size <= 0) return size == 0;
      std::size_t count = std::min(static_cast<std::size_t>(size), left);
      for (std::size_t done = 0; done < count;) {
        ssize_t sent = ::send(socket_.get(), bytes + done, count - done, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        done += static_cast<std::size_t>(sent);
      }
      left -= count;
      if (left == 0) return false;
    }
  }

  os::Fd socket_;
  Script script_;
  std::map<std::string, std::string> headers_;
  std::string request_;
  std::size_t sent_ = 0;
  std::thread thread_;
};

struct Outcome {
  Answer answer = Answer::NotFound;
  std::vector<std::string> messages;
  std::string problem;
  ErrorKind kind = ErrorKind::Internal;
  std::map<std::string, std::string> headers;
  std::string request;
};

Outcome call(const Script& script, int times = 1) {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  Server server(os::Fd(ends[1]), script);
  Client client(os::Fd(ends[0]), {.metadata = {{"containerd-namespace", "moby"}},
                                  .longest_silence = milliseconds(300),
                                  .longest_call = milliseconds(5000),
                                  .max_message_bytes = 1u << 20});
  ttrpc::wire::KeyValue request;
  request.set_key("some");
  Outcome outcome;
  try {
    for (int i = 0; i < times; ++i) {
      outcome.messages.clear();
      outcome.answer = client.call("/test.Service/Get", request, [&](std::string_view message) {
        outcome.messages.emplace_back(message);
      });
    }
    outcome.headers = server.headers();
    outcome.request = server.request();
  } catch (const Error& error) {
    outcome.problem = error.what();
    outcome.kind = error.kind();
  }
  return outcome;
}

TEST(GrpcClient, CallsAndGetsOneMessage) {
  Outcome outcome = call({.body = encode_message("answer"), .status = "0"});
  EXPECT_EQ(outcome.problem, "");
  EXPECT_EQ(outcome.answer, Answer::Found);
  EXPECT_EQ(outcome.messages, std::vector<std::string>{"answer"});
  EXPECT_EQ(outcome.headers[":method"], "POST");
  EXPECT_EQ(outcome.headers[":path"], "/test.Service/Get");
  EXPECT_EQ(outcome.headers["content-type"], "application/grpc");
  EXPECT_EQ(outcome.headers["te"], "trailers");
  EXPECT_EQ(outcome.headers["containerd-namespace"], "moby");
  EXPECT_EQ(outcome.request, encode_message("\n\4some"));
}

TEST(GrpcClient, MakesSeveralCallsOnOneConnection) {
  Outcome outcome = call({.body = encode_message("again"), .status = "0"}, 3);
  EXPECT_EQ(outcome.problem, "");
  EXPECT_EQ(outcome.messages, std::vector<std::string>{"again"});
}

// More than any window holds.
TEST(GrpcClient, GetsAStreamOfLargeMessages) {
  std::string large(1u << 20, 'x');
  std::string body;
  for (int i = 0; i < 8; ++i) body += encode_message(large);
  Outcome outcome = call({.body = body + encode_message(""), .status = "0"});
  EXPECT_EQ(outcome.problem, "");
  ASSERT_EQ(outcome.messages.size(), 9u);
  EXPECT_EQ(outcome.messages[7], large);
  EXPECT_EQ(outcome.messages[8], "");
}

TEST(GrpcClient, TellsWhatIsNotFoundFromFailures) {
  Outcome missing = call({.status = "5", .words = "container%20\"x\"", .only_trailers = true});
  EXPECT_EQ(missing.problem, "");
  EXPECT_EQ(missing.answer, Answer::NotFound);
  Outcome refused =
      call({.status = "9", .words = "it's 100%25 full%0Aof it", .only_trailers = true});
  EXPECT_EQ(refused.kind, ErrorKind::FailedPrecondition);
  EXPECT_EQ(refused.problem, "it's 100% full of it");
  EXPECT_EQ(call({.body = encode_message("a"), .status = "13", .words = "later"}).problem, "later");
  EXPECT_EQ(call({.status = "12", .only_trailers = true}).problem, "status 12");
  EXPECT_EQ(call({.status = "x", .only_trailers = true}).problem, "status 2");
}

TEST(GrpcClient, BelievesNoAnswerThatIsNone) {
  EXPECT_EQ(call({.http_status = "404", .content_type = "text/plain", .body = "no"}).problem,
            "the answer is not gRPC's (HTTP status 404)");
  EXPECT_EQ(call({.content_type = "text/html", .status = "0"}).problem,
            "the answer is not gRPC's (HTTP status 200)");
  EXPECT_EQ(call({.body = encode_message("a")}).problem, "the answer broke off (HTTP/2 error 0)");
  std::string cut = encode_message("message");
  cut.pop_back();
  EXPECT_EQ(call({.body = cut, .status = "0"}).problem, "the answer broke off (HTTP/2 error 0)");
  EXPECT_EQ(call({.body = std::string("\1\0\0\0\0", 5), .status = "0"}).problem,
            "a message is compressed");
  Outcome large = call({.body = std::string("\0\0\x10\0\1", 5), .status = "0"});
  EXPECT_EQ(large.problem, "a message of 1048577 bytes is longer than 1048576");
  EXPECT_EQ(large.kind, ErrorKind::ResourceExhausted);
}

TEST(GrpcClient, GivesUpOnAServerThatIsGoneOrSilent) {
  for (std::size_t bytes : {1u, 9u, 20u, 60u}) {
    Outcome outcome = call(
        {.body = encode_message(std::string(1000, 'x')), .status = "0", .hang_up_after = bytes});
    EXPECT_EQ(outcome.kind, ErrorKind::Unavailable) << bytes;
    EXPECT_TRUE(outcome.problem.starts_with("the connection was ")) << outcome.problem;
  }
  EXPECT_EQ(call({.silent = true}).problem, "no answer for 300 ms");
}

TEST(GrpcClient, SaysWhatIsNotHttp2) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  os::Fd server(ends[1]);
  constexpr std::string_view kText = "HTTP/1.1 400 Bad Request\r\n\r\n";
  ASSERT_EQ(::send(server.get(), kText.data(), kText.size(), 0),
            static_cast<ssize_t>(kText.size()));
  Client client(os::Fd(ends[0]), {.longest_silence = milliseconds(300)});
  auto [answer, problem] = outcome_of([&] {
    return client.call("/test.Service/Get", ttrpc::wire::KeyValue(), [](std::string_view) {});
  });
  EXPECT_FALSE(answer);
  EXPECT_EQ(problem, "what comes is not HTTP/2");
}

TEST(GrpcMessages, AreTheSameInWhateverPiecesTheyArrive) {
  const std::string bytes = encode_message("one") + encode_message("") + encode_message("three");
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    MessageReader reader(5);
    std::vector<std::string> messages;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      reader.push(std::string_view(bytes).substr(at, step));
      while (auto message = reader.next()) messages.emplace_back(*message);
    }
    EXPECT_EQ(messages, (std::vector<std::string>{"one", "", "three"}));
    EXPECT_FALSE(reader.has_rest());
  }
}

}  // namespace
}  // namespace wherry::grpc
