#include "spec/script.h"

#include <cctype>
#include <optional>

#include "base/error.h"

namespace wherry::spec {

namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

void append_utf8(std::string& text, std::uint32_t point) {
  auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xc0 | point >> 6);
    add(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    add(0xe0 | point >> 12);
    add(0x80 | (point >> 6 & 0x3f));
    add(0x80 | (point & 0x3f));
  } else {
    add(0xf0 | point >> 18);
    add(0x80 | (point >> 12 & 0x3f));
    add(0x80 | (point >> 6 & 0x3f));
    add(0x80 | (point & 0x3f));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::vector<Node> run() {
    // Lists that are open, the script itself at the bottom.
    std::vector<Node> open(1);
    for (skip_space(); at_ < text_.size(); skip_space()) {
      if (text_[at_] == '(') {
        open.push_back({.line = line_});
        ++at_;
      } else if (text_[at_] == ')') {
        if (open.size() == 1) fail_here("')' without '('");
        Node list = std::move(open.back());
        open.pop_back();
        open.back().items.push_back(std::move(list));
        ++at_;
      } else if (text_[at_] == '"') {
        open.back().items.push_back(string());
      } else {
        open.back().items.push_back(atom());
      }
    }
    if (open.size() != 1) fail_here("the script ends inside a list");
    return std::move(open[0].items);
  }

 private:
  [[noreturn]] void fail_here(std::string_view what) const {
    fail(ErrorKind::InvalidArgument, "line {}: {}", line_, what);
  }

  bool next_is(std::string_view token) const { return text_.substr(at_).starts_with(token); }

  void skip_space() {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') {
        ++line_;
      } else if (next_is(";;")) {
        while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
      } else if (next_is("(;")) {
        skip_block_comment();
      } else if (!std::isspace(static_cast<unsigned char>(text_[at_]))) {
        return;
      }
    }
  }

  // Leaves at_ on the comment's last character.
  void skip_block_comment() {
    for (unsigned depth = 0; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (next_is("(;")) {
        ++depth;
        ++at_;
      } else if (next_is(";)")) {
        ++at_;
        if (--depth == 0) return;
      }
    }
    fail_here("the script ends inside a comment");
  }

  Node atom() {
    std::size_t start = at_;
    while (at_ < text_.size() && !std::isspace(static_cast<unsigned char>(text_[at_])) &&
           std::string_view("()\";").find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    if (at_ == start) fail_here("unexpected character");
    return {.kind = Node::Kind::Atom,
            .line = line_,
            .text = std::string(text_.substr(start, at_ - start))};
  }

  char take() {
    if (at_ == text_.size()) fail_here("the script ends inside a string");
    return text_[at_++];
  }

  Node string() {
    Node node{.kind = Node::Kind::String, .line = line_};
    ++at_;
    for (char c = take(); c != '"'; c = take()) {
      if (c == '\n') fail_here("a line ends inside a string");
      if (c == '\\') {
        escape(node.text);
      } else {
        node.text += c;
      }
    }
    return node;
  }

  void escape(std::string& text) {
    char c = take();
    switch (c) {
      case 't':
        text += '\t';
        return;
      case 'n':
        text += '\n';
        return;
      case 'r':
        text += '\r';
        return;
      case '"':
      case '\'':
      case '\\':
        text += c;
        return;
      case 'u':
        return unicode_escape(text);
    }
    std::optional<unsigned> high = hex_digit(c);
    std::optional<unsigned> low = hex_digit(take());
    if (!high || !low) fail_here("unknown escape in a string");
    text += static_cast<char>(*high << 4 | *low);
  }

  void unicode_escape(std::string& text) {
    if (take() != '{') fail_here("expected '{' after \\u");
    std::uint32_t point = 0;
    for (char c = take(); c != '}'; c = take()) {
      std::optional<unsigned> digit = hex_digit(c);
      if (c == '_') continue;
      if (!digit) fail_here("expected a hexadecimal digit in \\u{}");
      point = point << 4 | *digit;
      if (point > 0x10ffff) fail_here("no such character in \\u{}");
    }
    append_utf8(text, point);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
};

}  // namespace

std::vector<Node> parse_script(std::string_view text) { return Parser(text).run(); }

}  // namespace wherry::spec
