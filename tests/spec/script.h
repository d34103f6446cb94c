// The S-expressions of a .wast script: lists, atoms and strings, with the lines they start on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::spec {

struct Node {
  enum class Kind : std::uint8_t { List, Atom, String };
  Kind kind = Kind::List;
  std::uint32_t line = 1;
  std::string text;         // an atom as written; a string's bytes, escapes resolved
  std::vector<Node> items;  // a list's

  bool is_list(std::string_view head) const {
    return kind == Kind::List && !items.empty() && items[0].is_atom(head);
  }
  bool is_atom(std::string_view wanted) const { return kind == Kind::Atom && text == wanted; }
  bool is_name() const { return kind == Kind::Atom && text.starts_with('$'); }
};

// The lists of a script, in order. Throws Error(InvalidArgument) "line 12: ..." where it is none.
std::vector<Node> parse_script(std::string_view text);

}  // namespace wherry::spec
