// How the text of one instruction is cut up: words, name=value pairs, flags, JSON arrays.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wherry::build {

// Words at spaces; quotes and escapes protect spaces and stay in the words.
std::vector<std::string> split_quoted_words(std::string_view text, char escape);

// Words at spaces, nothing protects.
std::vector<std::string> split_words(std::string_view text);

using Pair = std::pair<std::string, std::string>;

// "a=1 b=2", or the old form "a everything else". Throws Error InvalidArgument.
std::vector<Pair> parse_pairs(std::string_view text, char escape);

// The leading "--name[=value]" words of text, which loses them; second is "" or begins with the
// '='. A lone "--" ends them.
std::vector<Pair> take_flags(std::string_view& text);

enum class JsonOutcome {
  Strings,     // an array of strings
  NotStrings,  // valid JSON array with something else in it
  NotJson,     // anything else: a shell command may well begin with '['
};
JsonOutcome parse_json_strings(std::string_view text, std::vector<std::string>& strings);

}  // namespace wherry::build
