#include "wasm/artifact/handover.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace wherry::wasm::handover {
namespace {

constexpr std::size_t kHeaderBytes = 8;

void put(std::vector<std::uint8_t>& out, std::uint32_t value) {
  out.resize(out.size() + sizeof value);
  store_little(out.data() + out.size() - sizeof value, value);
}

}  // namespace

std::vector<std::uint8_t> encode(const Message& message) {
  std::vector<std::uint8_t> out;
  put(out, static_cast<std::uint32_t>(message.index() + 1));
  if (const Hot* hot = std::get_if<Hot>(&message)) {
    WHERRY_CHECK(hot->rows.size() <= kMaxRows);
    put(out, static_cast<std::uint32_t>(hot->rows.size()));
    for (const Hot::Row& row : hot->rows) {
      put(out, row.function);
      put(out, row.samples);
    }
  } else if (const Osr* osr = std::get_if<Osr>(&message)) {
    put(out, 1);
    put(out, osr->function);
    put(out, osr->ordinal);
  } else {
    put(out, 0);
  }
  return out;
}

std::optional<Message> decode(ByteSpan record) {
  if (record.size() < kHeaderBytes) return std::nullopt;
  const auto kind = load_little<std::uint32_t>(record.data());
  const auto rows = load_little<std::uint32_t>(record.data() + 4);
  if (rows > kMaxRows || record.size() != kHeaderBytes + std::size_t{8} * rows) return std::nullopt;
  auto row = [&](std::size_t i) {
    const std::uint8_t* at = record.data() + kHeaderBytes + 8 * i;
    return std::pair(load_little<std::uint32_t>(at), load_little<std::uint32_t>(at + 4));
  };
  switch (kind) {
    case 1: {
      Hot hot;
      for (std::size_t i = 0; i < rows; ++i) {
        const auto [function, samples] = row(i);
        hot.rows.push_back({.function = function, .samples = samples});
      }
      return hot;
    }
    case 2: {
      if (rows != 1) return std::nullopt;
      const auto [function, ordinal] = row(0);
      return Osr{.function = function, .ordinal = ordinal};
    }
    case 3:
      if (rows != 0) return std::nullopt;
      return Part{};
    case 4:
      if (rows != 0) return std::nullopt;
      return End{};
    default:
      return std::nullopt;
  }
}

bool try_send(int socket, const Message& message, int descriptor) noexcept {
  std::vector<std::uint8_t> bytes = encode(message);
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (descriptor >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  }
  ssize_t sent;
  do {
    sent = ::sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

Received try_receive(int socket) noexcept {
  std::uint8_t bytes[kMaxBytes + 1];
  iovec part{.iov_base = bytes, .iov_len = sizeof bytes};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t got;
  do {
    got = ::recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return {.got = errno == EAGAIN || errno == EWOULDBLOCK ? Got::Nothing : Got::Gone};
  }
  Received received;
  for (cmsghdr* rights = CMSG_FIRSTHDR(&header); rights; rights = CMSG_NXTHDR(&header, rights)) {
    if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) continue;
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(rights), sizeof descriptor);
    received.descriptor = os::Fd(descriptor);
  }
  // Of no bytes: the end, as no message is that short.
  std::optional<Message> message = decode({bytes, static_cast<std::size_t>(got)});
  received.got = message ? Got::Message : Got::Gone;
  if (message) received.message = std::move(*message);
  return received;
}

}  // namespace wherry::wasm::handover
