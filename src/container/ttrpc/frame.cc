#include "container/ttrpc/frame.h"

#include <algorithm>

#include "base/error.h"

namespace wherry::ttrpc {
namespace {

std::uint32_t load_big(std::string_view bytes) {
  std::uint32_t value = 0;
  for (char c : bytes.substr(0, 4)) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

void append_big(std::string& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(value >> shift);
}

}  // namespace

std::string encode_frame(std::uint32_t stream, FrameKind kind, std::string_view message) {
  WHERRY_CHECK(message.size() <= kMaxMessageBytes);
  std::string frame;
  frame.reserve(kHeaderBytes + message.size());
  append_big(frame, static_cast<std::uint32_t>(message.size()));
  append_big(frame, stream);
  frame += static_cast<char>(kind);
  frame += '\0';
  frame += message;
  return frame;
}

void FrameReader::push(std::string_view bytes) {
  auto skip = static_cast<std::size_t>(std::min<std::uint64_t>(to_skip_, bytes.size()));
  to_skip_ -= skip;
  bytes.remove_prefix(skip);
  if (at_ > 0) {
    bytes_.erase(0, at_);
    at_ = 0;
  }
  bytes_ += bytes;
}

std::optional<Frame> FrameReader::next() {
  if (to_skip_ > 0) return std::nullopt;
  if (skipped_) return std::exchange(skipped_, std::nullopt);
  std::string_view rest = std::string_view(bytes_).substr(at_);
  if (rest.size() < kHeaderBytes) return std::nullopt;
  std::size_t length = load_big(rest);
  Frame frame{.stream = load_big(rest.substr(4)),
              .kind = static_cast<std::uint8_t>(rest[8]),
              .flags = static_cast<std::uint8_t>(rest[9]),
              .message = {},
              .too_long = length > kMaxMessageBytes};
  rest.remove_prefix(kHeaderBytes);
  if (frame.too_long) {
    std::size_t here = std::min(length, rest.size());
    at_ += kHeaderBytes + here;
    to_skip_ = length - here;
    if (to_skip_ == 0) return frame;
    skipped_ = std::move(frame);
    return std::nullopt;
  }
  if (rest.size() < length) return std::nullopt;
  frame.message = rest.substr(0, length);
  at_ += kHeaderBytes + length;
  if (at_ == bytes_.size()) {
    // A large message's memory is not kept for the small ones that follow it.
    bytes_ = std::string();
    at_ = 0;
  }
  return frame;
}

}  // namespace wherry::ttrpc
