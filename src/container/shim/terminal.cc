#include "container/shim/terminal.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "os/tty.h"

namespace wherry::shim {
namespace {

void do_not_block(const os::Fd& fd) {
  if (fd.is_open()) ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

os::Fd copy_of(const os::Fd& fd) {
  return os::Fd(
      sys([&] { return ::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3); }, "duplicate a descriptor"));
}

}  // namespace

Copy::Copy(os::EventLoop& loop, int from, int to, std::function<void()> on_end)
    : loop_(loop), from_(from), to_(to), on_end_(std::move(on_end)) {
  loop_.watch(from_, EPOLLIN, [this](std::uint32_t) { on_readable(); });
}

Copy::~Copy() {
  loop_.forget(from_);
  if (waits_for_target_) loop_.forget(to_);
}

void Copy::end() {
  loop_.forget(from_);
  if (std::exchange(waits_for_target_, false)) loop_.forget(to_);
  // A copy: it may destroy this.
  std::function<void()> on_end = on_end_;
  on_end();
}

void Copy::on_readable() {
  std::array<char, 16384> buffer;
  ssize_t got = ::read(from_, buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  // A terminal that nobody has open any more reads as EIO.
  if (got <= 0) return end();
  pending_.assign(buffer.data(), static_cast<std::size_t>(got));
  write_out();
}

void Copy::write_out() {
  while (!pending_.empty()) {
    ssize_t sent = ::write(to_, pending_.data(), pending_.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) {
      if (std::exchange(waits_for_target_, true)) return;
      // Not read again before this has gone out.
      loop_.forget(from_);
      loop_.watch(to_, EPOLLOUT, [this](std::uint32_t) { write_out(); });
      return;
    }
    if (sent < 0) return end();
    pending_.erase(0, static_cast<std::size_t>(sent));
  }
  if (!std::exchange(waits_for_target_, false)) return;
  loop_.forget(to_);
  loop_.watch(from_, EPOLLIN, [this](std::uint32_t) { on_readable(); });
}

Terminal::Terminal(os::EventLoop& loop, os::Fd master, os::Fd input, os::Fd output,
                   std::function<void()> on_hung_up)
    : master_(std::move(master)),
      writer_(copy_of(master_)),
      input_(std::move(input)),
      output_(std::move(output)) {
  do_not_block(master_);
  do_not_block(input_);
  do_not_block(output_);
  if (!output_.is_open()) {
    // What a program shows must go somewhere, or it would wait for ever.
    output_ =
        os::Fd(sys([] { return ::open("/dev/null", O_WRONLY | O_CLOEXEC); }, "open '/dev/null'"));
  }
  screen_ = std::make_unique<Copy>(loop, master_.get(), output_.get(), std::move(on_hung_up));
  if (!input_.is_open()) return;
  keyboard_ =
      std::make_unique<Copy>(loop, input_.get(), writer_.get(), [this] { keyboard_.reset(); });
}

void Terminal::resize(std::uint16_t columns, std::uint16_t rows) {
  os::set_window_size(master_.get(), {.rows = rows, .columns = columns});
}

}  // namespace wherry::shim
