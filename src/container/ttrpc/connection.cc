#include "container/ttrpc/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace wherry::ttrpc {
namespace {

constexpr std::size_t kMaxUnsentBytes = 16 * kMaxMessageBytes;

}  // namespace

Connection::Connection(os::EventLoop& loop, os::Fd socket, OnFrame on_frame, OnLost on_lost)
    : loop_(loop),
      socket_(std::move(socket)),
      on_frame_(std::move(on_frame)),
      on_lost_(std::move(on_lost)) {
  loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t events) { on_event(events); });
}

Connection::~Connection() { loop_.forget(socket_.get()); }

void Connection::on_event(std::uint32_t events) {
  bool alive = !lost_;
  if (alive && (events & EPOLLOUT)) alive = flush();
  if (alive && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) alive = receive();
  if (alive && !lost_) return;
  loop_.forget(socket_.get());
  // A copy: it may destroy this.
  OnLost on_lost = on_lost_;
  on_lost();
}

bool Connection::receive() {
  std::array<char, 16384> buffer;
  ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  reader_.push({buffer.data(), static_cast<std::size_t>(got)});
  while (auto frame = reader_.next()) on_frame_(std::move(*frame));
  return true;
}

bool Connection::flush() {
  while (!unsent_.empty()) {
    ssize_t sent =
        ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN;
    unsent_.erase(0, static_cast<std::size_t>(sent));
  }
  loop_.change(socket_.get(), EPOLLIN);
  return true;
}

void Connection::send(std::uint32_t stream, FrameKind kind, std::string_view message) {
  if (lost_) return;
  bool was_idle = unsent_.empty();
  unsent_ += encode_frame(stream, kind, message);
  if (was_idle && !flush()) lost_ = true;
  if (unsent_.size() > kMaxUnsentBytes) lost_ = true;
  // What is lost is noticed in the loop's next turn: the caller may be in the middle of something.
  if (!unsent_.empty()) loop_.change(socket_.get(), EPOLLIN | EPOLLOUT);
}

}  // namespace wherry::ttrpc
