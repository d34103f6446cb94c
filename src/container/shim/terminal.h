// A container's terminal, copied to and from what its client reads and writes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "os/event_loop.h"
#include "os/fd.h"

namespace wherry::shim {

// Bytes on their way from one descriptor to another, neither of them waiting: what the target does not
// take holds the source up. Thread safety: none.
class Copy {
 public:
  // on_end is called once, when the source has ended and all has been written, or the target is gone;
  // it may destroy this. The loop and the descriptors outlive this; two copies that use one
  // descriptor, each in its direction, watch it through descriptors of their own.
  Copy(os::EventLoop& loop, int from, int to, std::function<void()> on_end);
  ~Copy();
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

 private:
  void on_readable();
  void write_out();
  void end();

  os::EventLoop& loop_;
  int from_;
  int to_;
  std::function<void()> on_end_;
  std::string pending_;
  bool waits_for_target_ = false;
  bool ended_ = false;
};

class Terminal {
 public:
  // Takes the master, and the descriptors of the client's fifos where there are any. on_hung_up is
  // called once nobody has the terminal open any more and all it showed has been written.
  Terminal(os::EventLoop& loop, os::Fd master, os::Fd input, os::Fd output,
           std::function<void()> on_hung_up);

  void resize(std::uint16_t columns, std::uint16_t rows);

 private:
  os::Fd master_;
  os::Fd writer_;  // the master again
  os::Fd input_;
  os::Fd output_;
  std::unique_ptr<Copy> screen_;
  std::unique_ptr<Copy> keyboard_;
};

}  // namespace wherry::shim
