#include "image/build/expand.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "image/build/limits.h"

namespace wherry::build {
namespace {

const Variables kVariables = {{"x", "value"}, {"empty", ""},         {"path", "a/b/c.tar.gz"},
                              {"sp", "a b"},  {"u", "größe"},        {"esc", "a*b"},
                              {"y", "x"},     {"PATH", "/bin:/usr"}, {"rep", "foofoo"}};

std::string failure(std::string_view text, const ExpandOptions& options = {}) {
  try {
    expand(text, kVariables, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no failure";
}

TEST(Expand, ReplacesAndUnquotes) {
  struct Case {
    std::string_view text;
    std::string_view expected;
  };
  const Case cases[] = {
      {"", ""},
      {"plain text", "plain text"},
      {"$x", "value"},
      {"${x}", "value"},
      {"a$x.b", "avalue.b"},
      {"$xy", ""},
      {"${x}y", "valuey"},
      {"$unset", ""},
      {"[$unset]", "[]"},
      {"$", "$"},
      {"a$", "a$"},
      {"$ x", "$ x"},
      {"$(x)", "$(x)"},
      {"$1", ""},
      {"$12a", "a"},
      {"\\$x", "$x"},
      {"\\${x}", "${x}"},
      {"'$x'", "$x"},
      {"\"$x\"", "value"},
      {"\"a 'b' $x\"", "a 'b' value"},
      {"'a \"b\"'", "a \"b\""},
      {"\"\\$x \\\" \\\\ \\n\"", "$x \" \\ \\n"},
      {"a\\b", "ab"},
      {"a\\\\b", "a\\b"},
      {"ab\\", "ab"},
      {"${x:-d}", "value"},
      {"${unset:-d}", "d"},
      {"${empty:-d}", "d"},
      {"${empty-d}", ""},
      {"${unset-d}", "d"},
      {"${x:+d}", "d"},
      {"${unset:+d}", ""},
      {"${empty:+d}", ""},
      {"${empty+d}", "d"},
      {"${unset+d}", ""},
      {"${x:?gone}", "value"},
      {"${x?gone}", "value"},
      {"${empty?gone}", ""},
      {"${unset:-$x}", "value"},
      {"${unset:-${x}}", "value"},
      {"${unset:-${also:-${x:+deep}}}", "deep"},
      {"${unset:-a b}", "a b"},
      {"${unset:-'}'}", "}"},
      {"${unset:-\\}}", "}"},
      {"${unset:-}", ""},
      {"${path#*/}", "b/c.tar.gz"},
      {"${path##*/}", "c.tar.gz"},
      {"${path%.*}", "a/b/c.tar"},
      {"${path%%.*}", "a/b/c"},
      {"${path#x}", "a/b/c.tar.gz"},
      {"${path#?}", "/b/c.tar.gz"},
      {"${u#gr?}", "ße"},
      {"${u%%?e}", "grö"},
      {"${esc#a\\*}", "b"},
      {"${unset#a}", ""},
      {"${path/b/X}", "a/X/c.tar.gz"},
      {"${rep/foo/ba}", "bafoo"},
      {"${rep//foo/ba}", "baba"},
      {"${rep//o/}", "ff"},
      {"${path//\\//-}", "a-b-c.tar.gz"},
      {"${rep/f*o/X}", "X"},
      {"${rep/z/X}", "foofoo"},
      {"größe", "größe"},
  };
  for (const Case& c : cases) EXPECT_EQ(expand(c.text, kVariables), c.expected) << c.text;
}

TEST(Expand, OtherEscape) {
  ExpandOptions options{.escape = '`'};
  EXPECT_EQ(expand("C:\\$x", kVariables, options), "C:\\value");
  EXPECT_EQ(expand("`$x", kVariables, options), "$x");
}

TEST(Expand, KeepsWhatItIsTold) {
  EXPECT_EQ(expand("'a' \"$x\"", kVariables, {.keep_quotes = true}), "'a' \"value\"");
  EXPECT_EQ(expand("\\$x", kVariables, {.keep_escapes = true}), "\\$x");
  EXPECT_EQ(expand("'$x' it's", kVariables, {.skip_quotes = true}), "'value' it's");
  ExpandOptions keep{.keep_unset = true};
  EXPECT_EQ(expand("$x $unset ${unset} ${unset:-d} ${unset#p}", kVariables, keep),
            "value $unset ${unset} ${unset:-d} ${unset#p}");
}

TEST(Expand, SplitsWords) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(expand_words("a  b\tc ", kVariables), (Words{"a", "b", "c"}));
  EXPECT_EQ(expand_words("$sp \"$sp\" 'a b' a\\ b", kVariables),
            (Words{"a", "b", "a b", "a b", "a b"}));
  EXPECT_EQ(expand_words("x$sp", kVariables), (Words{"xa", "b"}));
  EXPECT_EQ(expand_words("$empty", kVariables), Words{});
}

TEST(Expand, SaysWhatIsWrong) {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  const Case cases[] = {
      {"'abc", "''abc' has no closing single quote"},
      {"\"abc", "'\"abc' has no closing double quote"},
      {"${x", "'${x' has no closing '}'"},
      {"${", "'${' has no closing '}'"},
      {"${x:-d", "'${x:-d' has no closing '}'"},
      {"${}", "bad substitution in '${}': a name must follow '${'"},
      {"${:x}", "bad substitution in '${:x}': a name must follow '${'"},
      {"${{x}}", "bad substitution in '${{x}}': a name must follow '${'"},
      {"${x:=d}", "'${x:=…}': unknown modifier ':=' (known: :- - :+ + :? ? # ## % %% / //)"},
      {"${x^}", "'${x^…}': unknown modifier '^' (known: :- - :+ + :? ? # ## % %% / //)"},
      {"${unset:?}", "variable 'unset': must be set"},
      {"${empty:?}", "variable 'empty': must not be empty"},
      {"${unset?give it}", "variable 'unset': give it"},
      {"${path#\\a}", "pattern '\\a': '\\' may stand only before one of * ? \\ } /"},
      {"${x/a}", "'${x/a}' has no closing '/'"},
  };
  for (const Case& c : cases) EXPECT_EQ(failure(c.text), c.message) << c.text;
}

TEST(Expand, HasLimits) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "${unset:-";
  EXPECT_NE(failure(deep).find("nested more than"), std::string::npos);
  Variables big = {{"b", std::string(kMaxExpandedBytes / 2, 'x')}};
  EXPECT_THROW(expand("$b$b$b", big), Error);
  EXPECT_THROW(expand("\"$b$b$b\"", big), Error);
  EXPECT_THROW(expand("${b#x}", big), Error);
  EXPECT_THROW(expand("${b//x/y}", big), Error);
}

}  // namespace
}  // namespace wherry::build
