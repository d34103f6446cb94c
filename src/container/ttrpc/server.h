// A ttrpc server: services by name, requests of one connection answered in any order.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "container/ttrpc/connection.h"
#include "os/event_loop.h"
#include "os/fd.h"

namespace google::protobuf {
class MessageLite;
}

namespace wherry::ttrpc {

// Answers one request, once, now or later; copies answer the same request. A peer that went away is
// answered in vain. A request whose last Responder goes unused is answered with Internal.
class Responder {
 public:
  using Send = std::function<void(std::int32_t code, std::string_view text)>;

  // Code 0 comes with the message's bytes, any other with a sentence.
  explicit Responder(Send send);

  void reply(const google::protobuf::MessageLite& message) const;
  void fail(const Error& error) const;

 private:
  struct Pending;
  std::shared_ptr<Pending> pending_;
};

// An Error that it throws is the answer.
using Service =
    std::function<void(std::string_view method, std::string_view payload, const Responder&)>;

// Thread safety: none.
class Server {
 public:
  // The listener does not block. The loop outlives this.
  Server(os::EventLoop& loop, os::Fd listener, std::map<std::string, Service> services);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Whether an answer is still on its way to somebody.
  bool has_unsent() const;

 private:
  using Connections = std::map<std::uint64_t, std::shared_ptr<Connection>>;
  void accept();
  void on_frame(std::uint64_t connection, const Frame& frame);
  void answer(const Frame& frame, const Responder& responder) const;

  os::EventLoop& loop_;
  os::Fd listener_;
  std::map<std::string, Service> services_;
  std::shared_ptr<Connections> connections_;
  std::uint64_t next_ = 0;
};

}  // namespace wherry::ttrpc
