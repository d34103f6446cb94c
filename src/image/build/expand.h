// Variables in a Dockerfile's words, in the manner of a POSIX shell.
//
//   $name ${name}              the value, or nothing
//   ${name:-word} ${name-word} word where name is unset (with ':' or empty)
//   ${name:+word} ${name+word} word where it is set
//   ${name:?word} ${name?word} a failure with word as its message where it is unset
//   ${name#p} ## % %%          without the shortest, longest prefix or suffix that matches p
//   ${name/p/word} //          with the first, every match of p replaced
//
// 'single quotes' keep everything, "double quotes" keep all but variables, the escape character
// keeps what follows it. Limits are in limits.h. Everything here is stateless.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::build {

using Variables = std::map<std::string, std::string, std::less<>>;

struct ExpandOptions {
  char escape = '\\';
  bool keep_quotes = false;   // quotes stay in the result
  bool keep_escapes = false;  // escape characters stay in the result
  bool skip_quotes = false;   // quotes mean nothing (here-documents)
  bool keep_unset = false;    // $name stays as written where name is unset
};

// The text with variables replaced and quotes removed; one word, however many spaces it has.
// Throws Error InvalidArgument naming what is wrong with the text.
std::string expand(std::string_view text, const Variables& variables,
                   const ExpandOptions& options = {});

// The same, then split at spaces that neither quotes nor escapes protect.
std::vector<std::string> expand_words(std::string_view text, const Variables& variables,
                                      const ExpandOptions& options = {});

}  // namespace wherry::build
