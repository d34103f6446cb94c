#include "container/grpc/message_reader.h"

#include <cstdint>

#include "base/error.h"

namespace wherry::grpc {

std::string encode_message(std::string_view message) {
  std::string bytes(1, '\0');
  for (int shift : {24, 16, 8, 0}) bytes += static_cast<char>(message.size() >> shift);
  bytes += message;
  return bytes;
}

void MessageReader::push(std::string_view bytes) {
  bytes_.erase(0, at_);
  at_ = 0;
  bytes_ += bytes;
}

std::optional<std::string_view> MessageReader::next() {
  std::string_view rest = std::string_view(bytes_).substr(at_);
  if (rest.size() < kPrefixBytes) return std::nullopt;
  if (rest[0] != 0) fail(ErrorKind::DataLoss, "a message is compressed");
  std::uint32_t length = 0;
  for (char byte : rest.substr(1, kPrefixBytes - 1)) {
    length = length << 8 | static_cast<std::uint8_t>(byte);
  }
  if (length > max_message_bytes_) {
    fail(ErrorKind::ResourceExhausted, "a message of {} bytes is longer than {}", length,
         max_message_bytes_);
  }
  if (rest.size() - kPrefixBytes < length) return std::nullopt;
  at_ += kPrefixBytes + length;
  return rest.substr(kPrefixBytes, length);
}

}  // namespace wherry::grpc
