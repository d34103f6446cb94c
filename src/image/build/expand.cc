#include "image/build/expand.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "image/build/limits.h"

namespace wherry::build {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Words as they grow: text that quotes or escapes protect never splits a word.
class Words {
 public:
  void add(char c) {
    if (!is_space(c)) {
      add_protected(c);
    } else if (!word_.empty()) {
      words_.push_back(std::move(word_));
      word_.clear();
    }
  }
  void add(std::string_view text) {
    for (char c : text) add(c);
  }
  void add_protected(char c) { word_ += c; }
  void add_protected(std::string_view text) { word_ += text; }
  std::vector<std::string> take() {
    if (!word_.empty()) words_.push_back(std::move(word_));
    return std::move(words_);
  }

 private:
  std::string word_;
  std::vector<std::string> words_;
};

// ---- patterns of ${x#p}, ${x%p}, ${x/p/r}: '*' any text, '?' one character, '\' protects the next

constexpr char32_t kAnyText = 0xFFFF'FFFE;
constexpr char32_t kAnyCharacter = 0xFFFF'FFFF;

// Characters of UTF-8; a byte that is no part of a character stands for itself above all of them.
std::u32string characters_of(std::string_view text) {
  std::u32string characters;
  for (std::size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    std::size_t length = lead < 0x80    ? 1
                         : lead >= 0xF0 ? 4
                         : lead >= 0xE0 ? 3
                         : lead >= 0xC0 ? 2
                                        : 0;
    bool whole = length != 0 && i + length <= text.size();
    for (std::size_t k = 1; whole && k < length; ++k) whole = (text[i + k] & 0xC0) == 0x80;
    if (!whole) {
      characters += static_cast<char32_t>(0x110000 + lead);
      ++i;
      continue;
    }
    char32_t value = length == 1 ? lead : lead & (0x7Fu >> length);
    for (std::size_t k = 1; k < length; ++k) value = value << 6 | (text[i + k] & 0x3F);
    characters += value;
    i += length;
  }
  return characters;
}

std::string bytes_of(std::u32string_view characters) {
  std::string text;
  for (char32_t c : characters) {
    if (c >= 0x110000) {
      text += static_cast<char>(c - 0x110000);
    } else if (c < 0x80) {
      text += static_cast<char>(c);
    } else {
      int more = c >= 0x10000 ? 3 : c >= 0x800 ? 2 : 1;
      text += static_cast<char>((0xFF00u >> (more + 1) & 0xFF) | c >> (6 * more));
      while (more-- > 0) text += static_cast<char>(0x80 | (c >> (6 * more) & 0x3F));
    }
  }
  return text;
}

std::u32string compile_pattern(std::string_view pattern) {
  std::u32string compiled;
  std::u32string characters = characters_of(pattern);
  for (std::size_t i = 0; i < characters.size(); ++i) {
    char32_t c = characters[i];
    if (c == U'*') {
      c = kAnyText;
    } else if (c == U'?') {
      c = kAnyCharacter;
    } else if (c == U'\\') {
      std::u32string_view allowed = U"*?\\}/";
      if (i + 1 == characters.size() || allowed.find(characters[i + 1]) == allowed.npos) {
        fail(ErrorKind::InvalidArgument,
             "pattern '{}': '\\' may stand only before one of * ? \\ }} /", pattern);
      }
      c = characters[++i];
    }
    compiled += c;
  }
  return compiled;
}

// The length of the match that starts where value does; all matches are found in one pass over the
// set of pattern positions that are alive.
std::optional<std::size_t> match_length(std::u32string_view pattern, std::u32string_view value,
                                        bool longest) {
  std::vector<char> alive(pattern.size() + 1, 0);
  alive[0] = 1;
  auto skip_stars = [&] {
    for (std::size_t p = 0; p < pattern.size(); ++p) {
      if (alive[p] && pattern[p] == kAnyText) alive[p + 1] = 1;
    }
  };
  skip_stars();
  std::optional<std::size_t> found;
  for (std::size_t length = 0;; ++length) {
    if (alive[pattern.size()]) {
      found = length;
      if (!longest) return found;
    }
    if (length == value.size()) return found;
    std::vector<char> next(pattern.size() + 1, 0);
    bool any = false;
    for (std::size_t p = 0; p < pattern.size(); ++p) {
      if (!alive[p]) continue;
      if (pattern[p] == kAnyText) {
        next[p] = 1;
        any = true;
      } else if (pattern[p] == kAnyCharacter || pattern[p] == value[length]) {
        next[p + 1] = 1;
        any = true;
      }
    }
    if (!any) return found;
    alive.swap(next);
    skip_stars();
  }
}

std::string without_prefix(std::string_view value, std::string_view pattern, bool longest) {
  std::u32string characters = characters_of(value);
  auto length = match_length(compile_pattern(pattern), characters, longest);
  return length ? bytes_of(characters.substr(*length)) : std::string(value);
}

std::string without_suffix(std::string_view value, std::string_view pattern, bool longest) {
  std::u32string characters = characters_of(value);
  std::u32string compiled = compile_pattern(pattern);
  std::reverse(characters.begin(), characters.end());
  std::reverse(compiled.begin(), compiled.end());
  auto length = match_length(compiled, characters, longest);
  if (!length) return std::string(value);
  std::u32string rest = characters.substr(*length);
  std::reverse(rest.begin(), rest.end());
  return bytes_of(rest);
}

std::string with_replaced(std::string_view value, std::string_view pattern,
                          std::string_view replacement, bool all) {
  std::u32string characters = characters_of(value);
  std::u32string compiled = compile_pattern(pattern);
  std::string result;
  std::size_t at = 0;
  while (at <= characters.size()) {
    auto length = match_length(compiled, std::u32string_view(characters).substr(at), true);
    if (length) {
      result += replacement;
      if (result.size() > kMaxExpandedBytes) break;  // the caller says so
      at += *length;
      if (!all) break;
      if (*length != 0) continue;
    }
    if (at < characters.size()) result += bytes_of(characters.substr(at, 1));
    ++at;
  }
  if (at < characters.size()) result += bytes_of(characters.substr(at));
  return result;
}

// ---- the reader

class Expander {
 public:
  Expander(std::string_view text, const Variables& variables, const ExpandOptions& options)
      : text_(text), variables_(variables), options_(options) {}

  // Reads to the end, or to and past `stop` where one is given.
  std::string read(std::optional<char> stop, bool keep_escapes, Words* words) {
    if (++depth_ > kMaxExpansionDepth) {
      fail(ErrorKind::ResourceExhausted, "variables nested more than {} deep in '{}'",
           kMaxExpansionDepth, excerpt());
    }
    std::string result;
    while (!at_end()) {
      char c = peek();
      if (stop && c == *stop) {
        ++at_;
        --depth_;
        return result;
      }
      std::size_t before = result.size();
      if (c == '$') {
        result += variable(keep_escapes);
        if (words) words->add(std::string_view(result).substr(before));
      } else if (!options_.skip_quotes && (c == '\'' || c == '"')) {
        result += c == '"' ? double_quoted(keep_escapes) : single_quoted();
        if (words) words->add_protected(std::string_view(result).substr(before));
      } else if (c == options_.escape) {
        ++at_;
        if (keep_escapes) result += c;
        if (!at_end()) result += next();
        if (words) words->add_protected(std::string_view(result).substr(before));
      } else {
        ++at_;
        result += c;
        if (words) words->add(c);
      }
      check_size(result);
    }
    if (stop) fail(ErrorKind::InvalidArgument, "'{}' has no closing '{}'", excerpt(), *stop);
    --depth_;
    return result;
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return text_[at_]; }
  char next() { return text_[at_++]; }
  std::string excerpt() const {
    return std::string(text_.substr(0, 80)) + (text_.size() > 80 ? "…" : "");
  }

  void check_size(const std::string& result) const {
    if (result.size() > kMaxExpandedBytes) {
      fail(ErrorKind::ResourceExhausted, "'{}' grows beyond {} bytes when expanded", excerpt(),
           kMaxExpandedBytes);
    }
  }

  std::string single_quoted() {
    std::size_t start = at_++;
    std::size_t end = text_.find('\'', at_);
    if (end == text_.npos) {
      fail(ErrorKind::InvalidArgument, "'{}' has no closing single quote", excerpt());
    }
    at_ = end + 1;
    return std::string(options_.keep_quotes ? text_.substr(start, at_ - start)
                                            : text_.substr(start + 1, end - start - 1));
  }

  std::string double_quoted(bool keep_escapes) {
    std::string result;
    ++at_;
    if (options_.keep_quotes) result += '"';
    for (;;) {
      if (at_end()) fail(ErrorKind::InvalidArgument, "'{}' has no closing double quote", excerpt());
      if (peek() == '"') {
        ++at_;
        if (options_.keep_quotes) result += '"';
        return result;
      }
      if (peek() == '$') {
        result += variable(keep_escapes);
        check_size(result);
        continue;
      }
      char c = next();
      if (c == options_.escape) {
        if (keep_escapes) result += c;
        if (at_end()) continue;
        if (peek() == '"' || peek() == '$' || peek() == options_.escape) {
          c = next();
        } else if (keep_escapes) {
          continue;
        }
      }
      result += c;
    }
  }

  std::string name() {
    std::size_t start = at_;
    if (at_end()) return {};
    if (is_digit(peek())) {
      while (!at_end() && is_digit(peek())) ++at_;
    } else if (std::string_view("@*#?-$!").find(peek()) != std::string_view::npos) {
      ++at_;
    } else {
      while (!at_end() && is_name_character(peek())) ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }

  const std::string* find(std::string_view name) const {
    auto found = variables_.find(name);
    return found == variables_.end() ? nullptr : &found->second;
  }

  std::string variable(bool keep_escapes) {
    std::size_t start = at_++;
    if (at_end()) return "$";
    if (peek() != '{') {
      std::string called = name();
      if (called.empty()) return "$";
      const std::string* value = find(called);
      if (!value && options_.keep_unset) return "$" + called;
      return value ? *value : std::string();
    }
    ++at_;
    std::string called = at_end() || peek() == '}' || peek() == '{' || peek() == ':' ? "" : name();
    if (at_end()) fail(ErrorKind::InvalidArgument, "'{}' has no closing '}}'", excerpt());
    if (called.empty()) {
      fail(ErrorKind::InvalidArgument, "bad substitution in '{}': a name must follow '${{'",
           excerpt());
    }
    std::string result = modified(called, find(called), keep_escapes);
    if (options_.keep_unset && !find(called)) return std::string(text_.substr(start, at_ - start));
    return result;
  }

  // What follows the name inside ${…}.
  std::string modified(const std::string& called, const std::string* value, bool keep_escapes) {
    char modifier = next();
    if (modifier == '}') return value ? *value : std::string();
    if (modifier == '/') return replaced(value);
    bool empty_is_unset = modifier == ':';
    if (empty_is_unset && !at_end()) modifier = next();
    if (modifier == '#' || modifier == '%') {
      if (empty_is_unset) return unsupported(called, ':', modifier);
      std::string pattern = read('}', true, nullptr);
      bool longest = !pattern.empty() && pattern[0] == modifier;
      if (longest) pattern.erase(0, 1);
      check_patterned(called, value);
      if (!value) return {};
      return modifier == '#' ? without_prefix(*value, pattern, longest)
                             : without_suffix(*value, pattern, longest);
    }
    if (modifier != '-' && modifier != '+' && modifier != '?') {
      return empty_is_unset ? unsupported(called, ':', modifier) : unsupported(called, modifier, 0);
    }
    std::string word = read('}', keep_escapes, nullptr);
    bool set = value && !(empty_is_unset && value->empty());
    if (modifier == '-') return set ? *value : word;
    if (modifier == '+') return set ? word : std::string();
    if (!set && !options_.keep_unset) {
      std::string message = !word.empty() ? word : value ? "must not be empty" : "must be set";
      fail(ErrorKind::InvalidArgument, "variable '{}': {}", called, message);
    }
    return value ? *value : std::string();
  }

  [[noreturn]] std::string unsupported(const std::string& called, char first, char second) {
    std::string modifier(1, first);
    if (second != 0) modifier += second;
    fail(ErrorKind::InvalidArgument,
         "'${{{}{}…}}': unknown modifier '{}' (known: :- - :+ + :? ? # ## % %% / //)", called,
         modifier, modifier);
  }

  void check_patterned(const std::string& called, const std::string* value) const {
    if (value && value->size() > kMaxPatternedValueBytes) {
      fail(ErrorKind::ResourceExhausted,
           "variable '{}' holds {} bytes; patterns work on {} at most", called, value->size(),
           kMaxPatternedValueBytes);
    }
  }

  std::string replaced(const std::string* value) {
    bool all = !at_end() && peek() == '/';
    if (all) ++at_;
    std::string pattern = read('/', true, nullptr);
    std::string replacement = read('}', true, nullptr);
    if (!value) return {};
    check_patterned("in ${…/…/…}", value);
    return with_replaced(*value, pattern, replacement, all);
  }

  std::string_view text_;
  const Variables& variables_;
  const ExpandOptions& options_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

std::string expand(std::string_view text, const Variables& variables,
                   const ExpandOptions& options) {
  return Expander(text, variables, options).read(std::nullopt, options.keep_escapes, nullptr);
}

std::vector<std::string> expand_words(std::string_view text, const Variables& variables,
                                      const ExpandOptions& options) {
  Words words;
  Expander(text, variables, options).read(std::nullopt, options.keep_escapes, &words);
  return words.take();
}

}  // namespace wherry::build
