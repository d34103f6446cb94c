// A gRPC client over a Unix socket: one call after the other, each waited for.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "os/fd.h"

namespace google::protobuf {
class MessageLite;
}

namespace wherry::grpc {

struct ClientOptions {
  // Sent with every call: lower-case names.
  std::vector<std::pair<std::string, std::string>> metadata;
  std::chrono::milliseconds longest_silence{10'000};  // of the server
  std::chrono::milliseconds longest_call{120'000};
  std::size_t max_message_bytes = 4u << 20;
};

enum class Answer : bool { NotFound, Found };

// After an Error it is of no more use. Thread safety: none.
class Client {
 public:
  using OnMessage = std::function<void(std::string_view)>;

  // Takes a connected stream socket.
  explicit Client(os::Fd socket, ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Calls "/package.Service/Method", and hands over each message of the answer as it arrives. What the
  // server says is not there is an outcome. Any other failure is an Error: of the kind and in the
  // words of the server's status, Unavailable where the connection is lost or silent, DataLoss where
  // what comes is no answer. An Error that on_message throws passes through.
  Answer call(std::string_view method, const google::protobuf::MessageLite& request,
              const OnMessage& on_message);

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace wherry::grpc
