#include "spec/script.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::spec {
namespace {

std::string error_of(std::string_view text) {
  try {
    parse_script(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Script, ListsAtomsStringsAndLines) {
  auto nodes = parse_script("(assert_return\n  (invoke $m \"add\")\n  (i32.const -1))(get \"x\")");
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_TRUE(nodes[0].is_list("assert_return"));
  EXPECT_EQ(nodes[0].line, 1u);
  ASSERT_EQ(nodes[0].items.size(), 3u);
  EXPECT_EQ(nodes[0].items[1].line, 2u);
  EXPECT_TRUE(nodes[0].items[1].items[1].is_name());
  EXPECT_EQ(nodes[0].items[2].items[1].text, "-1");
  EXPECT_EQ(nodes[1].line, 3u);
  EXPECT_EQ(nodes[1].items[1].kind, Node::Kind::String);
}

TEST(Script, StringEscapes) {
  auto nodes = parse_script(R"(("\00\61\ff\t\n\r\"\'\\\u{e9}\u{1f6A3}\u{20_ac}"))");
  EXPECT_EQ(nodes[0].items[0].text,
            std::string("\0a\xff\t\n\r\"'\\\xc3\xa9\xf0\x9f\x9a\xa3\xe2\x82\xac", 18));
}

TEST(Script, Comments) {
  auto nodes = parse_script("(a ;; to the end (\n b (; in (; one ;) another\n ;) d\n)");
  ASSERT_EQ(nodes.size(), 1u);
  EXPECT_EQ(nodes[0].items.size(), 3u);
}

TEST(Script, BadOnesSayWhere) {
  EXPECT_EQ(error_of("(a\n"), "line 2: the script ends inside a list");
  EXPECT_EQ(error_of("a)"), "line 1: ')' without '('");
  EXPECT_EQ(error_of("\n\"a"), "line 2: the script ends inside a string");
  EXPECT_EQ(error_of("\"a\n\""), "line 1: a line ends inside a string");
  EXPECT_EQ(error_of("\"\\x\""), "line 1: unknown escape in a string");
  EXPECT_EQ(error_of("\"\\u{110000}\""), "line 1: no such character in \\u{}");
  EXPECT_EQ(error_of("(; (; ;)"), "line 1: the script ends inside a comment");
}

}  // namespace
}  // namespace wherry::spec
