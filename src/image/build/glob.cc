#include "image/build/glob.h"

#include <algorithm>

#include "base/error.h"
#include "image/build/limits.h"

namespace wherry::build {
namespace {

// One character of UTF-8, or one byte where there is none; moves `at` past it.
char32_t take_character(std::string_view text, std::size_t& at) {
  auto lead = static_cast<unsigned char>(text[at]);
  std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  char32_t value = length == 1 ? lead : lead & (0x7Fu >> length);
  bool whole = at + length <= text.size();
  for (std::size_t k = 1; whole && k < length; ++k) whole = (text[at + k] & 0xC0) == 0x80;
  if (!whole) {
    ++at;
    return 0x110000u + lead;
  }
  for (std::size_t k = 1; k < length; ++k) value = value << 6 | (text[at + k] & 0x3F);
  at += length;
  return value;
}

}  // namespace

Glob::Glob(std::string_view pattern) {
  auto malformed = [&](const char* why) {
    fail(ErrorKind::InvalidArgument, "pattern '{}': {}", pattern.substr(0, 200), why);
  };
  if (pattern.size() > kMaxGlobBytes) malformed("is too long");
  std::size_t at = 0;
  while (at < pattern.size()) {
    char c = pattern[at];
    if (c == '*' && at + 1 < pattern.size() && pattern[at + 1] == '*') {
      at += 2;
      while (at < pattern.size() && pattern[at] == '*') ++at;
      if (at < pattern.size() && pattern[at] == '/') ++at;
      if (at == pattern.size()) {
        tokens_.push_back({TokenKind::Rest});
      } else {
        tokens_.push_back({TokenKind::Directories});
        tokens_.push_back({TokenKind::InDirectories});
      }
    } else if (c == '*') {
      tokens_.push_back({TokenKind::AnyText});
      ++at;
    } else if (c == '?') {
      tokens_.push_back({TokenKind::AnyOne});
      ++at;
    } else if (c == '\\') {
      if (++at == pattern.size()) malformed("nothing follows the last '\\'");
      tokens_.push_back({TokenKind::Literal, pattern[at++]});
    } else if (c == '[') {
      Token token{TokenKind::Class};
      ++at;
      if (at < pattern.size() && pattern[at] == '^') {
        token.negated = true;
        ++at;
      }
      auto character = [&] {
        if (at < pattern.size() && pattern[at] == '\\') ++at;
        if (at >= pattern.size()) malformed("'[' has no closing ']'");
        return take_character(pattern, at);
      };
      do {
        if (at < pattern.size() && (pattern[at] == '-' || pattern[at] == ']')) {
          malformed("a class needs a character before '-' and ']'");
        }
        char32_t low = character();
        char32_t high = low;
        if (at < pattern.size() && pattern[at] == '-') {
          ++at;
          if (at < pattern.size() && pattern[at] == ']') malformed("'-' has no right side");
          high = character();
        }
        token.ranges.emplace_back(low, high);
        if (at >= pattern.size()) malformed("'[' has no closing ']'");
      } while (pattern[at] != ']');
      ++at;
      tokens_.push_back(std::move(token));
    } else {
      tokens_.push_back({TokenKind::Literal, c});
      ++at;
    }
  }
}

// Every token position that is alive moves through the path together, so the cost is at most
// tokens times bytes whatever the pattern.
bool Glob::matches(std::string_view path) const {
  std::vector<std::vector<char>> alive(path.size() + 1);
  alive[0].assign(tokens_.size() + 1, 0);
  alive[0][0] = 1;
  auto reach = [&](std::size_t position, std::size_t token) {
    if (alive[position].empty()) alive[position].assign(tokens_.size() + 1, 0);
    alive[position][token] = 1;
  };
  for (std::size_t at = 0; at <= path.size(); ++at) {
    if (alive[at].empty()) continue;
    std::vector<char> here = std::move(alive[at]);
    for (std::size_t t = 0; t < tokens_.size(); ++t) {
      if (!here[t]) continue;
      const Token& token = tokens_[t];
      if (token.kind == TokenKind::AnyText) here[t + 1] = 1;
      if (token.kind == TokenKind::Directories) here[t + 1] = here[t + 2] = 1;
      if (token.kind == TokenKind::Rest) return true;
      if (at == path.size()) continue;
      std::size_t next = at;
      char32_t character = take_character(path, next);
      switch (token.kind) {
        case TokenKind::Literal:
          if (path[at] == token.literal) reach(at + 1, t + 1);
          break;
        case TokenKind::AnyOne:
          if (character != U'/') reach(next, t + 1);
          break;
        case TokenKind::AnyText:
          if (character != U'/') reach(next, t);
          break;
        case TokenKind::InDirectories:
          reach(at + 1, t);
          if (path[at] == '/') reach(at + 1, t + 1);
          break;
        case TokenKind::Class: {
          bool inside =
              std::any_of(token.ranges.begin(), token.ranges.end(), [&](const auto& range) {
                return range.first <= character && character <= range.second;
              });
          if (character != U'/' && inside != token.negated) reach(next, t + 1);
          break;
        }
        case TokenKind::Directories:
        case TokenKind::Rest:
          break;
      }
    }
    if (at == path.size()) return here[tokens_.size()] != 0;
  }
  return false;
}

bool has_wildcards(std::string_view text) { return text.find_first_of("*?[\\") != text.npos; }

std::string clean_path(std::string_view path) {
  bool rooted = !path.empty() && path[0] == '/';
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  while (at < path.size()) {
    std::size_t end = std::min(path.find('/', at), path.size());
    std::string_view part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (part != ".." || !rooted) {
      parts.push_back(part);
    }
  }
  std::string clean = rooted ? "/" : "";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) clean += '/';
    clean += parts[i];
  }
  return clean.empty() ? "." : clean;
}

}  // namespace wherry::build
