#include "container/shim/publisher.h"

#include "container/shim/bootstrap.h"
#include "container/shim/events.pb.h"
#include "container/shim/messages.h"

namespace wherry::shim {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxQueue = 2048;
constexpr milliseconds kFirstPause{20};
constexpr milliseconds kLongestPause{1000};

bool may_succeed_later(const Error& error) { return error.kind() == ErrorKind::Unavailable; }

}  // namespace

Publisher::Publisher(os::EventLoop& loop, std::string address, std::string namespace_name)
    : loop_(loop),
      address_(path_of_address(address)),
      namespace_(std::move(namespace_name)),
      pause_(kFirstPause) {}

Publisher::~Publisher() {
  if (retry_) loop_.cancel(*retry_);
}

void Publisher::publish(const std::string& topic, const std::string& type,
                        const google::protobuf::MessageLite& event) {
  if (address_.empty()) return;
  auto request = std::make_shared<wire::ForwardRequest>();
  wire::Envelope* envelope = request->mutable_envelope();
  set_time(envelope->mutable_timestamp(), now());
  envelope->set_namespace_(namespace_);
  envelope->set_topic(topic);
  envelope->mutable_event()->set_type_url(type);
  envelope->mutable_event()->set_value(event.SerializeAsString());
  if (queue_.size() >= kMaxQueue) queue_.pop_front();
  queue_.push_back(std::move(request));
  if (!under_way_ && !retry_) send_next();
}

void Publisher::send_next() {
  if (queue_.empty()) return;
  if (!client_ || client_->is_lost()) {
    auto [client, problem] =
        outcome_of([&] { return std::make_unique<ttrpc::Client>(loop_, address_); });
    if (!client) return try_again();
    client_ = std::move(*client);
  }
  auto request = queue_.front();
  under_way_ = true;
  client_->call({.service = "containerd.services.events.ttrpc.v1.Events",
                 .method = "Forward",
                 .metadata = {{"containerd-namespace-ttrpc", namespace_}}},
                *request, [this, request](std::optional<Error> error) {
                  under_way_ = false;
                  if (error && may_succeed_later(*error)) return try_again();
                  pause_ = kFirstPause;
                  // It may have been dropped meanwhile.
                  if (!queue_.empty() && queue_.front() == request) queue_.pop_front();
                  send_next();
                });
}

void Publisher::try_again() {
  retry_ = loop_.after(pause_, [this] {
    retry_.reset();
    send_next();
  });
  pause_ = std::min(2 * pause_, kLongestPause);
}

}  // namespace wherry::shim
