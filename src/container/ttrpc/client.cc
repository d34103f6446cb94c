#include "container/ttrpc/client.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "container/ttrpc/status.h"
#include "container/ttrpc/ttrpc.pb.h"
#include "os/unix_socket.h"

namespace wherry::ttrpc {

Client::Client(os::EventLoop& loop, const std::string& path) {
  os::Fd socket = os::connect_unix(path, SOCK_STREAM);
  sys([&] { return ::fcntl(socket.get(), F_SETFL, O_NONBLOCK); }, "make a socket not block");
  connection_ = std::make_unique<Connection>(
      loop, std::move(socket), [this](Frame&& frame) { on_frame(frame); }, [this] { on_lost(); });
}

void Client::call(const Call& what, const google::protobuf::MessageLite& request, OnDone on_done) {
  wire::Request envelope;
  envelope.set_service(what.service);
  envelope.set_method(what.method);
  envelope.set_payload(request.SerializeAsString());
  for (const auto& [key, value] : what.metadata) {
    wire::KeyValue* one = envelope.add_metadata();
    one->set_key(key);
    one->set_value(value);
  }
  std::uint32_t stream = std::exchange(next_stream_, next_stream_ + 2);
  waiting_[stream] = std::move(on_done);
  connection_->send(stream, FrameKind::Request, envelope.SerializeAsString());
}

void Client::on_frame(const Frame& frame) {
  auto found = waiting_.find(frame.stream);
  if (frame.kind != static_cast<std::uint8_t>(FrameKind::Response) || found == waiting_.end())
    return;
  OnDone on_done = std::move(found->second);
  waiting_.erase(found);
  wire::Response response;
  std::optional<Error> error;
  if (frame.too_long || !response.ParseFromString(frame.message)) {
    error.emplace(ErrorKind::DataLoss, "the answer is malformed");
  } else if (response.status().code() != 0) {
    error.emplace(kind_of_status(response.status().code()), response.status().message());
  }
  on_done(std::move(error));
}

void Client::on_lost() {
  lost_ = true;
  auto waiting = std::exchange(waiting_, {});
  for (auto& [stream, on_done] : waiting) {
    on_done(Error(ErrorKind::Unavailable, "the connection was lost"));
  }
}

}  // namespace wherry::ttrpc
