// ttrpc's frames: ten bytes of header, big-endian, and a message behind it.
//
//   0  length of the message, 4 bytes      8  kind
//   4  stream, 4 bytes                     9  flags
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wherry::ttrpc {

inline constexpr std::size_t kHeaderBytes = 10;
inline constexpr std::size_t kMaxMessageBytes = 4u << 20;

enum class FrameKind : std::uint8_t { Request = 1, Response = 2, Data = 3 };

struct Frame {
  std::uint32_t stream = 0;
  std::uint8_t kind = 0;  // a FrameKind, or what is none
  std::uint8_t flags = 0;
  std::string message;
  bool too_long = false;  // longer than kMaxMessageBytes: message is empty, its bytes were skipped
  bool operator==(const Frame&) const = default;
};

// Requires: a message of at most kMaxMessageBytes.
std::string encode_frame(std::uint32_t stream, FrameKind kind, std::string_view message);

// Bytes as they arrive, to frames. Any bytes are a sequence of frames: nothing fails here.
class FrameReader {
 public:
  void push(std::string_view bytes);
  // Nothing where the next frame has not arrived in full.
  std::optional<Frame> next();

 private:
  std::string bytes_;
  std::size_t at_ = 0;            // where in bytes_ the next frame begins
  std::uint64_t to_skip_ = 0;     // of a message that is too long
  std::optional<Frame> skipped_;  // whose message that is
};

}  // namespace wherry::ttrpc
