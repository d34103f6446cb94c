// Path patterns of COPY, --exclude and .dockerignore.
//
//   *       any characters within one component       ?  one character, not '/'
//   [a-z]   one character of the class; [^a-z] one that is not; never '/'
//   **/     any number of directories, none too       **  at the end: everything below
//   \c      c itself
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wherry::build {

class Glob {
 public:
  // Throws Error InvalidArgument where the pattern is not well formed.
  explicit Glob(std::string_view pattern);

  // The whole path, slash-separated without a leading slash.
  bool matches(std::string_view path) const;

 private:
  // Directories is "nothing, or what InDirectories takes": any text that a slash ends.
  enum class TokenKind : unsigned char {
    Literal,
    AnyOne,
    AnyText,
    Directories,
    InDirectories,
    Rest,
    Class,
  };
  struct Token {
    TokenKind kind;
    char literal = 0;
    bool negated = false;
    std::vector<std::pair<char32_t, char32_t>> ranges;
  };
  std::vector<Token> tokens_;
};

// Whether the text has a character that a pattern gives a meaning to.
bool has_wildcards(std::string_view text);

// Lexical, as Go's path.Clean: no empty, "." or inner ".." components; "." for nothing.
std::string clean_path(std::string_view path);

}  // namespace wherry::build
