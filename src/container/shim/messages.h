// Helpers for the protocol's messages. Only for .cc files.
#pragma once

#include <time.h>

#include <string_view>

#include "base/error.h"
#include "container/shim/common.pb.h"

namespace wherry::shim {

template <typename Message>
Message parse(std::string_view payload) {
  Message message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    fail(ErrorKind::InvalidArgument, "the request's message is malformed");
  }
  return message;
}

inline void set_time(wire::Timestamp* timestamp, const timespec& time) {
  timestamp->set_seconds(time.tv_sec);
  timestamp->set_nanos(static_cast<std::int32_t>(time.tv_nsec));
}

}  // namespace wherry::shim
