#include "image/build/words.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "image/build/limits.h"

namespace wherry::build {
namespace {

constexpr std::string_view kSpaces = " \t\n\v\f\r";

bool is_space(char c) { return kSpaces.find(c) != kSpaces.npos; }

std::string_view after_space(std::string_view text) {
  std::size_t first = text.find_first_not_of(kSpaces);
  return first == text.npos ? std::string_view() : text.substr(first);
}

// JSON as RFC 8259 has it, reduced to what an exec form needs: strings are kept, anything else is
// only recognised.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  JsonOutcome read(std::vector<std::string>& strings) {
    skip_space();
    if (!take('[')) return JsonOutcome::NotJson;
    bool only_strings = true;
    skip_space();
    if (!take(']')) {
      do {
        skip_space();
        if (at_ < text_.size() && text_[at_] == '"') {
          std::string text;
          if (!string(text)) return JsonOutcome::NotJson;
          strings.push_back(std::move(text));
        } else {
          if (!value(0)) return JsonOutcome::NotJson;
          only_strings = false;
        }
        skip_space();
      } while (take(','));
      if (!take(']')) return JsonOutcome::NotJson;
    }
    skip_space();
    if (at_ != text_.size()) return JsonOutcome::NotJson;
    return only_strings ? JsonOutcome::Strings : JsonOutcome::NotStrings;
  }

 private:
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void skip_space() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }

  bool value(std::size_t depth) {
    if (depth > kMaxJsonDepth) return false;
    skip_space();
    if (at_ == text_.size()) return false;
    std::string unused;
    switch (text_[at_]) {
      case '"':
        return string(unused);
      case '[':
      case '{':
        return container(depth);
      case 't':
        return take("true");
      case 'f':
        return take("false");
      case 'n':
        return take("null");
      default:
        return number();
    }
  }

  bool container(std::size_t depth) {
    bool object = text_[at_++] == '{';
    char close = object ? '}' : ']';
    skip_space();
    if (take(close)) return true;
    do {
      skip_space();
      if (object) {
        std::string name;
        if (!string(name)) return false;
        skip_space();
        if (!take(':')) return false;
      }
      if (!value(depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take(close);
  }

  bool digits() {
    std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ != start;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  std::optional<std::uint32_t> four_digits() {
    if (text_.size() - at_ < 4) return std::nullopt;
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      char c = text_[at_++];
      std::uint32_t digit = c >= '0' && c <= '9'   ? c - '0'
                            : c >= 'a' && c <= 'f' ? c - 'a' + 10
                            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                   : 16;
      if (digit == 16) return std::nullopt;
      value = value << 4 | digit;
    }
    return value;
  }

  static void append_utf8(std::string& out, std::uint32_t c) {
    if (c < 0x80) {
      out += static_cast<char>(c);
      return;
    }
    int more = c >= 0x10000 ? 3 : c >= 0x800 ? 2 : 1;
    out += static_cast<char>((0xFF00u >> (more + 1) & 0xFF) | c >> (6 * more));
    while (more-- > 0) out += static_cast<char>(0x80 | (c >> (6 * more) & 0x3F));
  }

  bool escape(std::string& out) {
    if (at_ == text_.size()) return false;
    char c = text_[at_++];
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    if (std::size_t index = kNames.find(c); index != kNames.npos) {
      out += kValues[index];
      return true;
    }
    if (c != 'u') return false;
    std::optional<std::uint32_t> unit = four_digits();
    if (!unit || *unit == 0) return false;  // no argument of a program holds a NUL byte
    if (*unit >= 0xD800 && *unit < 0xDC00 && take("\\u")) {
      std::optional<std::uint32_t> low = four_digits();
      if (!low || *low < 0xDC00 || *low > 0xDFFF) return false;
      unit = 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00);
    }
    if (*unit >= 0xD800 && *unit < 0xE000) unit = 0xFFFD;
    append_utf8(out, *unit);
    return true;
  }

  bool string(std::string& out) {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return false;
      }
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::string> split_quoted_words(std::string_view text, char escape) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote == 0 && is_space(c)) {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
      continue;
    }
    in_word = true;
    if (c == escape && quote != '\'') {
      if (i + 1 == text.size()) break;  // an escape character at the end protects nothing
      word += c;
      word += text[++i];
      continue;
    }
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    }
    word += c;
  }
  if (in_word && !word.empty()) words.push_back(std::move(word));
  return words;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (text = after_space(text); !text.empty(); text = after_space(text)) {
    std::size_t end = std::min(text.find_first_of(kSpaces), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

std::vector<Pair> parse_pairs(std::string_view text, char escape) {
  std::vector<std::string> words = split_quoted_words(text, escape);
  if (words.empty()) fail(ErrorKind::InvalidArgument, "expected NAME=VALUE");
  if (words[0].find('=') == std::string::npos) {
    text = after_space(text);
    std::size_t end = text.find_first_of(kSpaces);
    if (end == text.npos) {
      fail(ErrorKind::InvalidArgument, "'{}' has no value: expected NAME=VALUE", text);
    }
    return {{std::string(text.substr(0, end)), std::string(after_space(text.substr(end)))}};
  }
  std::vector<Pair> pairs;
  for (const std::string& word : words) {
    std::size_t equals = word.find('=');
    if (equals == word.npos) {
      fail(ErrorKind::InvalidArgument,
           "'{}' has no '=': expected NAME=VALUE (quote values that hold spaces)", word);
    }
    if (equals == 0) fail(ErrorKind::InvalidArgument, "'{}' has no name before '='", word);
    pairs.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return pairs;
}

std::vector<Pair> take_flags(std::string_view& text) {
  std::vector<Pair> flags;
  for (;;) {
    text = after_space(text);
    if (!text.starts_with("--")) return flags;
    std::string word;
    char quote = 0;
    std::size_t i = 0;
    for (; i < text.size(); ++i) {
      char c = text[i];
      if (quote == 0 && is_space(c)) break;
      if (c == '\\' && i + 1 < text.size()) {
        word += text[++i];
      } else if (c == quote) {
        quote = 0;
      } else if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
      } else {
        word += c;
      }
    }
    if (quote != 0) {
      fail(ErrorKind::InvalidArgument, "flag '{}' has no closing quote", text.substr(0, 80));
    }
    text.remove_prefix(i);
    if (word == "--") {
      text = after_space(text);
      return flags;
    }
    std::size_t equals = word.find('=');
    flags.emplace_back(word.substr(2, equals == word.npos ? word.npos : equals - 2),
                       equals == word.npos ? std::string() : word.substr(equals));
  }
}

JsonOutcome parse_json_strings(std::string_view text, std::vector<std::string>& strings) {
  strings.clear();
  JsonOutcome outcome = JsonReader(text).read(strings);
  if (outcome != JsonOutcome::Strings) strings.clear();
  return outcome;
}

}  // namespace wherry::build
