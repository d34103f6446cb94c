// A ttrpc client on an event loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "container/ttrpc/connection.h"
#include "os/event_loop.h"

namespace google::protobuf {
class MessageLite;
}

namespace wherry::ttrpc {

struct Call {
  std::string service;
  std::string method;
  std::vector<std::pair<std::string, std::string>> metadata;
};

// Thread safety: none.
class Client {
 public:
  // Nothing where the call succeeded; Unavailable where the connection was lost.
  using OnDone = std::function<void(std::optional<Error>)>;

  // Connects to a Unix socket. Throws Error. The loop outlives this.
  Client(os::EventLoop& loop, const std::string& path);

  // Several calls may be under way. on_done may not destroy this, unless the connection was lost.
  void call(const Call& what, const google::protobuf::MessageLite& request, OnDone on_done);
  bool is_lost() const { return lost_; }

 private:
  void on_frame(const Frame& frame);
  void on_lost();

  std::map<std::uint32_t, OnDone> waiting_;
  std::uint32_t next_stream_ = 1;
  bool lost_ = false;
  std::unique_ptr<Connection> connection_;
};

}  // namespace wherry::ttrpc
