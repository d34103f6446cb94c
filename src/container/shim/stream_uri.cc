#include <charconv>

#include "container/shim/streams.h"

namespace wherry::shim {
namespace {

std::string decode(std::string_view text, std::string_view whole) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      result += ' ';
    } else if (text[i] == '%') {
      unsigned value = 0;
      std::string_view digits = text.substr(i + 1, 2);
      auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
      if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2 || value == 0) {
        fail(ErrorKind::InvalidArgument, "stream '{}' is malformed", whole);
      }
      result += static_cast<char>(value);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace

StreamUri parse_stream_uri(std::string_view text) {
  StreamUri uri;
  std::size_t colon = text.find("://");
  if (colon == text.npos || text.starts_with('/')) {
    return {.scheme = "fifo", .path = std::string(text), .arguments = {}};
  }
  uri.scheme = text.substr(0, colon);
  std::string_view rest = text.substr(colon + 3);
  std::size_t question = rest.find('?');
  uri.path = decode(rest.substr(0, question), text);
  if (!uri.path.starts_with('/') || uri.path.find('\0') != uri.path.npos) {
    fail(ErrorKind::InvalidArgument, "stream '{}' has no absolute path", text);
  }
  if (question == rest.npos) return uri;
  std::string_view query = rest.substr(question + 1);
  while (!query.empty()) {
    std::size_t end = query.find('&');
    std::string_view pair = query.substr(0, end);
    query = end == query.npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    std::size_t equals = pair.find('=');
    uri.arguments.push_back(decode(pair.substr(0, equals), text));
    // A name without a value has an empty one, as containerd's own shim has it.
    std::string_view value = equals == pair.npos ? std::string_view() : pair.substr(equals + 1);
    uri.arguments.push_back(decode(value, text));
  }
  return uri;
}

}  // namespace wherry::shim
