// Helpers for the protocol's messages. Only for .cc files.
#pragma once

#include <time.h>

#include <string_view>

#include "base/error.h"
#include "container/shim/common.pb.h"
#include "container/shim/task.h"

namespace wherry::shim {

template <typename Message>
Message parse(std::string_view payload) {
  Message message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    fail(ErrorKind::InvalidArgument, "the request's message is malformed");
  }
  return message;
}

inline timespec now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return time;
}

inline void set_time(wire::Timestamp* timestamp, const timespec& time) {
  timestamp->set_seconds(time.tv_sec);
  timestamp->set_nanos(static_cast<std::int32_t>(time.tv_nsec));
}

// Of a process that has ended: what all messages of ends hold.
template <typename Message>
void set_exit(Message& message, const Process& process) {
  message.set_exit_status(static_cast<std::uint32_t>(process.exit.exit_code()));
  set_time(message.mutable_exited_at(), process.exited_at);
}

}  // namespace wherry::shim
