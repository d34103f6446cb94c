// gRPC's messages in the bytes of a stream: one byte that says whether it is compressed, four of length,
// big-endian, and the message (gRPC over HTTP2, "Length-Prefixed-Message").
//
// Thread safety: values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace wherry::grpc {

inline constexpr std::size_t kPrefixBytes = 5;

// Requires: a message of less than 4 GiB.
std::string encode_message(std::string_view message);

class MessageReader {
 public:
  explicit MessageReader(std::size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  void push(std::string_view bytes);
  // The next message, valid until the next push; nothing where it has not arrived in full. Throws
  // Error: DataLoss for one that is compressed, which nobody asked for; ResourceExhausted for one that is
  // too long, as soon as it says so.
  std::optional<std::string_view> next();
  // Whether part of a message is there.
  bool has_rest() const { return at_ < bytes_.size(); }

 private:
  std::size_t max_message_bytes_;
  std::string bytes_;
  std::size_t at_ = 0;  // where in bytes_ the next message begins
};

}  // namespace wherry::grpc
