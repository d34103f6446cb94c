// One end of a ttrpc connection: frames in, frames out, neither of them waiting.
#pragma once

#include <functional>
#include <string>

#include "container/ttrpc/frame.h"
#include "os/event_loop.h"
#include "os/fd.h"

namespace wherry::ttrpc {

// What the peer does not read is kept, up to a limit; a peer beyond that is lost.
// Thread safety: none.
class Connection {
 public:
  using OnFrame = std::function<void(Frame&&)>;
  using OnLost = std::function<void()>;

  // The socket does not block. on_lost is called once, last, and may destroy this; on_frame may not.
  // The loop outlives this.
  Connection(os::EventLoop& loop, os::Fd socket, OnFrame on_frame, OnLost on_lost);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(std::uint32_t stream, FrameKind kind, std::string_view message);
  bool has_unsent() const { return !unsent_.empty(); }

 private:
  void on_event(std::uint32_t events);
  bool receive();
  bool flush();

  os::EventLoop& loop_;
  os::Fd socket_;
  OnFrame on_frame_;
  OnLost on_lost_;
  FrameReader reader_;
  std::string unsent_;
  bool lost_ = false;
};

}  // namespace wherry::ttrpc
