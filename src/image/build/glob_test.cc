#include "image/build/glob.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "image/build/ignore.h"

namespace wherry::build {
namespace {

TEST(Glob, Matches) {
  struct Case {
    std::string_view pattern;
    std::string_view path;
    bool expected;
  };
  const Case cases[] = {
      {"a", "a", true},          {"a", "b", false},
      {"a", "a/b", false},       {"*", "a", true},
      {"*", "", true},           {"*", "a/b", false},
      {"*.c", "x.c", true},      {"*.c", ".c", true},
      {"*.c", "x.h", false},     {"*/x", "a/x", true},
      {"*/x", "x", false},       {"?", "a", true},
      {"?", "ä", true},          {"?", "ab", false},
      {"?", "/", false},         {"a?c", "a/c", false},
      {"[abc]", "b", true},      {"[a-c]x", "bx", true},
      {"[^a-c]x", "bx", false},  {"[^a-c]x", "dx", true},
      {"[^a]", "/", false},      {"[\\]]", "]", true},
      {"[a\\-z]", "-", true},    {"\\*", "*", true},
      {"\\*", "a", false},       {"**", "a/b/c", true},
      {"**", "a", true},         {"**/x", "x", true},
      {"**/x", "a/b/x", true},   {"**/x", "ax", false},
      {"a/**", "a/b/c", true},   {"a/**", "a", false},
      {"a/**/b", "a/b", true},   {"a/**/b", "a/x/y/b", true},
      {"a/**/b", "a/xb", false}, {"**/*.go", "a/b.go", true},
      {"**/*.go", "b.go", true}, {"**/*.go", "b.gox", false},
      {"a**b", "ab", true},      {"a**b", "ax/b", true},
      {"***", "a/b", true},      {"**/**/x", "a/b/c/x", true},
      {"a.b", "axb", false},     {"a+b", "a+b", true},
      {"{a,b}", "a", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Glob(c.pattern).matches(c.path), c.expected) << c.pattern << " on " << c.path;
  }
}

TEST(Glob, RefusesTheMalformed) {
  for (std::string_view pattern : {"[", "[a", "[]", "[]a]", "[-]", "[a-]", "\\", "[^]", "a[b-"}) {
    EXPECT_THROW(Glob{pattern}, Error) << pattern;
  }
}

TEST(Glob, IsNotSlowWhateverThePattern) {
  std::string pattern, path;
  for (int i = 0; i < 100; ++i) pattern += "**/*a";
  for (int i = 0; i < 1000; ++i) path += "a/";
  EXPECT_FALSE(Glob(pattern).matches(path + "b"));
}

TEST(Glob, CleansPaths) {
  struct Case {
    std::string_view path;
    std::string_view expected;
  };
  const Case cases[] = {
      {"", "."},
      {"/", "/"},
      {".", "."},
      {"a", "a"},
      {"a/", "a"},
      {"./a", "a"},
      {"a//b", "a/b"},
      {"a/./b", "a/b"},
      {"a/../b", "b"},
      {"..", ".."},
      {"../a", "../a"},
      {"/..", "/"},
      {"/../a/b/..", "/a"},
      {"a/..", "."},
      {"../../a", "../../a"},
      {"/a/", "/a"},
  };
  for (const Case& c : cases) EXPECT_EQ(clean_path(c.path), c.expected) << c.path;
}

TEST(Ignore, LastMatchDecides) {
  struct Case {
    std::string_view file;
    std::string_view path;
    bool ignored;
  };
  const Case cases[] = {
      {"", "a", false},
      {"a", "a", true},
      {"a", "a/b/c", true},
      {"a", "b/a", false},
      {"/a", "a", true},
      {"./a/", "a", true},
      {"a/../b", "b", true},
      {"  a  ", "a", true},
      {"# a\na#b", "a#b", true},
      {" # a", "# a", true},
      {"*", "a/b", true},
      {"*.md\n!README.md", "README.md", false},
      {"*.md\n!README.md", "x.md", true},
      {"*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true},
      {"!a\na", "a", true},
      {"*\n!a", "a", false},
      {"*\n!a", "a/b", false},
      {"*\n!a/b", "a/c", true},
      {"*\n!a/b", "a/b", false},
      {"**\n!**/*.wasm", "x/y/z.wasm", false},
      {"**\n!**/*.wasm", "x/y/z.wat", true},
      {"**/node_modules", "a/b/node_modules/c", true},
      {"a\n!a/keep\na/keep/not", "a/keep/yes", false},
      {"a\n!a/keep\na/keep/not", "a/keep/not", true},
      {"*/temp*", "x/temporary.txt", true},
      {"*/*/temp*", "x/temporary.txt", false},
      {"temp?", "tempa", true},
      {"\xEF\xBB\xBF"
       "a",
       "a", true},
      {"a\r\nb\r\n", "b", true},
      {"! a\n", "a", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Ignore(c.file).ignores(c.path), c.ignored) << c.file << " on " << c.path;
  }
  EXPECT_TRUE(Ignore("a\n!b").has_exceptions());
  EXPECT_FALSE(Ignore("a\nb").has_exceptions());
}

TEST(Ignore, SaysWhichLineIsWrong) {
  try {
    Ignore("a\n\n[b\n");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "line 3: pattern '[b': '[' has no closing ']'");
  }
  EXPECT_THROW(Ignore("!"), Error);
}

}  // namespace
}  // namespace wherry::build
