// Events to containerd, each until it has arrived, in the order they happened.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "container/ttrpc/client.h"
#include "os/event_loop.h"

namespace wherry::shim {

namespace wire {
class ForwardRequest;
}

// While containerd is away, events wait for it to come back, up to a number; beyond that the oldest
// are dropped. Thread safety: none.
class Publisher {
 public:
  // Address is that of containerd's ttrpc socket. The loop outlives this.
  Publisher(os::EventLoop& loop, std::string address, std::string namespace_name);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Type is the event's message as containerd calls it: "containerd.events.TaskStart".
  void publish(const std::string& topic, const std::string& type,
               const google::protobuf::MessageLite& event);
  bool is_idle() const { return queue_.empty(); }

 private:
  void send_next();
  void try_again();

  os::EventLoop& loop_;
  std::string address_;
  std::string namespace_;
  std::deque<std::shared_ptr<const wire::ForwardRequest>> queue_;
  bool under_way_ = false;
  std::unique_ptr<ttrpc::Client> client_;
  std::optional<os::EventLoop::TimerId> retry_;
  std::chrono::milliseconds pause_;
};

}  // namespace wherry::shim
