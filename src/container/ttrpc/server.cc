#include "container/ttrpc/server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>

#include "container/ttrpc/status.h"
#include "container/ttrpc/ttrpc.pb.h"

namespace wherry::ttrpc {

struct Responder::Pending {
  Send send;
  bool answered = false;

  void answer(std::int32_t code, std::string_view text) {
    if (std::exchange(answered, true)) return;
    send(code, text);
  }
  ~Pending() {
    if (!answered) answer(status_code_of(ErrorKind::Internal), "the request was dropped");
  }
};

Responder::Responder(Send send) : pending_(std::make_shared<Pending>()) {
  pending_->send = std::move(send);
}

void Responder::reply(const google::protobuf::MessageLite& message) const {
  pending_->answer(0, message.SerializeAsString());
}

void Responder::fail(const Error& error) const {
  pending_->answer(status_code_of(error.kind()), error.what());
}

Server::Server(os::EventLoop& loop, os::Fd listener, std::map<std::string, Service> services)
    : loop_(loop),
      listener_(std::move(listener)),
      services_(std::move(services)),
      connections_(std::make_shared<Connections>()) {
  loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

Server::~Server() { loop_.forget(listener_.get()); }

bool Server::has_unsent() const {
  return std::ranges::any_of(*connections_,
                             [](const auto& each) { return each.second->has_unsent(); });
}

void Server::accept() {
  os::Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.is_open()) {
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
    wherry::fail_errno(errno, "accept a connection");
  }
  std::uint64_t number = ++next_;
  (*connections_)[number] = std::make_shared<Connection>(
      loop_, std::move(socket), [this, number](Frame&& frame) { on_frame(number, frame); },
      [this, number] { connections_->erase(number); });
}

void Server::on_frame(std::uint64_t connection, const Frame& frame) {
  if (frame.kind != static_cast<std::uint8_t>(FrameKind::Request)) return;
  std::weak_ptr<Connections> connections = connections_;
  std::uint32_t stream = frame.stream;
  Responder responder([connections, connection, stream](std::int32_t code, std::string_view text) {
    auto all = connections.lock();
    if (!all) return;
    auto found = all->find(connection);
    if (found == all->end()) return;
    wire::Response response;
    if (code == 0) {
      response.set_payload(text.data(), text.size());
    } else {
      response.mutable_status()->set_code(code);
      response.mutable_status()->set_message(text.data(), text.size());
    }
    std::string message = response.SerializeAsString();
    if (message.size() > kMaxMessageBytes) {
      response.Clear();
      response.mutable_status()->set_code(status_code_of(ErrorKind::ResourceExhausted));
      response.mutable_status()->set_message("the answer is longer than a message may be");
      message = response.SerializeAsString();
    }
    found->second->send(stream, FrameKind::Response, message);
  });
  try {
    answer(frame, responder);
  } catch (const Error& error) {
    responder.fail(error);
  } catch (const std::exception& error) {
    responder.fail(Error(ErrorKind::Internal, error.what()));
  }
}

void Server::answer(const Frame& frame, const Responder& responder) const {
  if (frame.too_long) {
    wherry::fail(ErrorKind::ResourceExhausted, "the request is longer than {} bytes",
                 kMaxMessageBytes);
  }
  if (frame.stream % 2 == 0) {
    wherry::fail(ErrorKind::InvalidArgument, "stream {} is not a client's: its number is even",
                 frame.stream);
  }
  wire::Request request;
  if (!request.ParseFromString(frame.message)) {
    wherry::fail(ErrorKind::InvalidArgument, "the request is malformed");
  }
  auto service = services_.find(request.service());
  if (service == services_.end()) {
    wherry::fail(ErrorKind::Unimplemented, "service '{}' is not implemented", request.service());
  }
  service->second(request.method(), request.payload(), responder);
}

}  // namespace wherry::ttrpc
