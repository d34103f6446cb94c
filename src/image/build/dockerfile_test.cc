#include "image/build/dockerfile.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "image/build/limits.h"

namespace wherry::build {
namespace {

using Strings = std::vector<std::string>;

Dockerfile parse(std::string_view text) { return parse_dockerfile(text, "Dockerfile"); }

// The only instruction after FROM scratch.
Instruction one(std::string text) {
  Dockerfile file = parse("FROM scratch\n" + text);
  EXPECT_EQ(file.stages[0].instructions.size(), 1u) << text;
  return file.stages[0].instructions.at(0);
}

std::string failure(std::string_view text) {
  try {
    parse(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no failure";
}

TEST(Dockerfile, DirectivesAndComments) {
  Dockerfile file = parse(
      "# syntax=docker/dockerfile:1.7-labs\n#check = skip=all\n# escape=`\n\n# a comment\n"
      "FROM scratch AS Base\n  # indented comment\nCOPY a `\n  b\n");
  EXPECT_EQ(file.escape, '`');
  ASSERT_EQ(file.stages.size(), 1u);
  EXPECT_EQ(file.stages[0].name, "base");
  EXPECT_EQ(file.stages[0].from.line, 6);
  EXPECT_EQ(file.stages[0].instructions[0].line, 8);
  EXPECT_EQ(file.stages[0].instructions[0].arguments, (Strings{"a", "b"}));
  // Below the first other line a directive is a comment.
  EXPECT_EQ(parse("# hello\n# escape=`\nFROM scratch\n").escape, '\\');
  EXPECT_EQ(parse("# other=1\n# escape=`\nFROM scratch\n").escape, '`');
}

TEST(Dockerfile, ContinuedLines) {
  EXPECT_EQ(one("CMD a \\\n  b").arguments, Strings{"a   b"});
  EXPECT_EQ(one("CMD a \\  \nb").arguments, Strings{"a b"});
  EXPECT_EQ(one("CMD a \\\n# comment\n  # another\nb").arguments, Strings{"a b"});
  EXPECT_EQ(one("CMD a \\\n\n\nb").arguments, Strings{"a b"});
  EXPECT_EQ(one("CMD a \\").arguments, Strings{"a"});
  EXPECT_EQ(one("CMD a\\\\").arguments, Strings{"a\\\\"});
  EXPECT_EQ(one("\\\nCMD a").arguments, Strings{"a"});
  EXPECT_EQ(one("CMD a \\\r\n b\r\n").arguments, Strings{"a  b"});
  EXPECT_EQ(one("LABEL a=1 \\\n      b=2").pairs, (std::vector<Pair>{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(parse("FROM scratch\nCMD a \\\n\nb\n").notices.size(), 1u);
}

TEST(Dockerfile, ShellAndExecForms) {
  EXPECT_TRUE(one(R"(ENTRYPOINT [ "/hello.wasm" ])").json);
  EXPECT_EQ(one(R"(ENTRYPOINT ["a", "b c", "\"\u00e4\n"])").arguments,
            (Strings{"a", "b c", "\"ä\n"}));
  EXPECT_EQ(one(R"(CMD [])").arguments, Strings{});
  EXPECT_TRUE(one(R"(CMD [])").json);
  EXPECT_FALSE(one(R"(CMD [ -f x ] && y)").json);
  EXPECT_EQ(one(R"(CMD [ -f x ] && y)").arguments, Strings{"[ -f x ] && y"});
  EXPECT_EQ(one(R"(CMD ['a'])").arguments, Strings{"['a']"});
  EXPECT_EQ(parse("FROM scratch\nCMD ['a']\n").notices.size(), 1u);
  EXPECT_EQ(one("CMD").arguments, Strings{});
  EXPECT_EQ(one(R"(COPY ["a b", "c d"])").arguments, (Strings{"a b", "c d"}));
  EXPECT_EQ(one(R"(VOLUME /a /b)").arguments, (Strings{"/a", "/b"}));
  EXPECT_EQ(one(R"(VOLUME ["/a b"])").arguments, Strings{"/a b"});
  EXPECT_EQ(one("healthcheck --interval=5s cmd [\"a\"]").arguments, (Strings{"CMD", "a"}));
  EXPECT_EQ(one("HEALTHCHECK CMD a b").arguments, (Strings{"CMD", "a b"}));
}

TEST(Dockerfile, Flags) {
  Instruction copy = one("COPY --from=build --chown=\"a b\" --link --exclude=*.a --exclude=b a b");
  EXPECT_EQ(*copy.flag("from"), "build");
  EXPECT_EQ(*copy.flag("chown"), "a b");
  EXPECT_TRUE(copy.has_switch("link"));
  EXPECT_EQ(copy.flags.size(), 5u);
  EXPECT_EQ(copy.arguments, (Strings{"a", "b"}));
  EXPECT_FALSE(one("COPY --link=false a b").has_switch("link"));
  EXPECT_EQ(one("COPY -- --a b").arguments, (Strings{"--a", "b"}));
}

TEST(Dockerfile, Pairs) {
  using Pairs = std::vector<Pair>;
  EXPECT_EQ(one("ENV a=1 b='x y' c=\"z\" d=e\\ f").pairs,
            (Pairs{{"a", "1"}, {"b", "'x y'"}, {"c", "\"z\""}, {"d", "e\\ f"}}));
  EXPECT_EQ(one("ENV a b = c").pairs, (Pairs{{"a", "b = c"}}));
  EXPECT_EQ(one("ENV a=").pairs, (Pairs{{"a", ""}}));
  EXPECT_EQ(one("LABEL \"com.x y\"=1").pairs, (Pairs{{"\"com.x y\"", "1"}}));
  Instruction arg = one("ARG a b=2 c=");
  EXPECT_EQ(arg.pairs, (Pairs{{"a", ""}, {"b", "2"}, {"c", ""}}));
  EXPECT_EQ(arg.has_value, (std::vector<bool>{false, true, true}));
}

TEST(Dockerfile, Heredocs) {
  Instruction copy = one("COPY <<EOF <<-\"B\" /dir/\nline $x\n\nEOF\n\tone\n\t\ttwo\n\tB\n");
  ASSERT_EQ(copy.heredocs.size(), 2u);
  EXPECT_EQ(copy.heredocs[0], (Heredoc{"EOF", true, false, "line $x\n\n"}));
  EXPECT_EQ(copy.heredocs[1], (Heredoc{"B", false, true, "one\ntwo\n"}));
  EXPECT_EQ(copy.arguments, (Strings{"<<EOF", "<<-\"B\"", "/dir/"}));

  Dockerfile file = parse("FROM scratch\nRUN <<EOT bash\n# kept\nFROM x\nEOT\nCMD a\n");
  ASSERT_EQ(file.stages[0].instructions.size(), 2u);
  EXPECT_EQ(file.stages[0].instructions[0].heredocs[0].content, "# kept\nFROM x\n");
  EXPECT_EQ(file.stages[0].instructions[1].line, 6);
  EXPECT_TRUE(one("CMD cat <<EOF").heredocs.empty());
  EXPECT_TRUE(one("RUN [\"a\", \"<<EOF\"]").heredocs.empty());
  EXPECT_TRUE(one("RUN a <<< b").heredocs.empty());
  EXPECT_EQ(one("ONBUILD COPY <<E /a\nx\nE\n").heredocs.size(), 1u);
}

TEST(Dockerfile, StagesAndGlobalArgs) {
  Dockerfile file = parse(
      "ARG V=1\nFROM --platform=$BUILDPLATFORM a:$V AS one\nFROM b\nFROM one as Two\nCMD x\n");
  EXPECT_EQ(file.global_args.size(), 1u);
  ASSERT_EQ(file.stages.size(), 3u);
  EXPECT_EQ(*file.stages[0].from.flag("platform"), "$BUILDPLATFORM");
  EXPECT_EQ(file.find_stage("one", 3), 0u);
  EXPECT_EQ(file.find_stage("TWO", 3), 2u);
  EXPECT_EQ(file.find_stage("1", 3), 1u);
  EXPECT_EQ(file.find_stage("two", 2), std::nullopt);
  EXPECT_EQ(file.find_stage("3", 3), std::nullopt);
  EXPECT_EQ(file.find_stage("1x", 3), std::nullopt);
}

TEST(Dockerfile, SaysWhereAndWhatWasExpected) {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  const Case cases[] = {
      {"", "Dockerfile: has no instructions; the first one must be FROM"},
      {"# only\n\n", "Dockerfile: has no instructions; the first one must be FROM"},
      {"ARG a\n", "Dockerfile: has no FROM, so there is nothing to build"},
      {"\n\nFORM scratch\n", "Dockerfile:3: unknown instruction 'FORM' (did you mean FROM?)"},
      {"FROM a\nCOYP a b\n", "Dockerfile:2: unknown instruction 'COYP' (did you mean COPY?)"},
      {"FROM a\nXYZZYPLUGH a\n", "Dockerfile:2: unknown instruction 'XYZZYPLUGH'"},
      {"COPY a b\n", "Dockerfile:1: only ARG may stand before the first FROM, found COPY"},
      {"FROM\n", "Dockerfile:1: FROM: expected IMAGE or IMAGE AS NAME, found nothing"},
      {"FROM a b\n", "Dockerfile:1: FROM: expected IMAGE or IMAGE AS NAME, found 'a' 'b'"},
      {"FROM a AS 1x\n",
       "Dockerfile:1: FROM: stage name '1x' must begin with a letter and hold letters, digits, "
       "'-', '_', '.' only"},
      {"FROM a\nCOPY a\n", "Dockerfile:2: COPY: expected SOURCE... DESTINATION, found 'a'"},
      {"FROM a\nCOPY --form=b a b\n",
       "Dockerfile:2: COPY: unknown flag '--form' (did you mean --from?)"},
      {"FROM a\nCOPY --zzz a b\n", "Dockerfile:2: COPY: unknown flag '--zzz'"},
      {"FROM a\nCOPY --from=b --from=c a b\n", "Dockerfile:2: COPY: flag '--from' is given twice"},
      {"FROM a\nCOPY --from a b\n", "Dockerfile:2: COPY: flag '--from' needs a value: --from=…"},
      {"FROM a\nCOPY --link=maybe a b\n",
       "Dockerfile:2: COPY: flag '--link' takes true or false, not 'maybe'"},
      {"FROM a\nCOPY --chown=\"a a b\n",
       "Dockerfile:2: COPY: flag '--chown=\"a a b' has no closing quote"},
      {"FROM a\nENV\n", "Dockerfile:2: ENV: expected NAME=VALUE"},
      {"FROM a\nENV a\n", "Dockerfile:2: ENV: 'a' has no value: expected NAME=VALUE"},
      {"FROM a\nENV a=1 b\n",
       "Dockerfile:2: ENV: 'b' has no '=': expected NAME=VALUE (quote values that hold spaces)"},
      {"FROM a\nLABEL =1\n", "Dockerfile:2: LABEL: '=1' has no name before '='"},
      {"FROM a\nARG\n", "Dockerfile:2: ARG: expected NAME or NAME=DEFAULT"},
      {"FROM a\nWORKDIR\n", "Dockerfile:2: WORKDIR: expected a path, found nothing"},
      {"FROM a\nSHELL bash -c\n",
       "Dockerfile:2: SHELL: expected a JSON array such as [\"/bin/sh\", \"-c\"], found 'bash -c'"},
      {"FROM a\nCMD [\"a\", 1]\n",
       "Dockerfile:2: CMD: a JSON array of CMD may hold strings only: '[\"a\", 1]'"},
      {"FROM a\nONBUILD\n", "Dockerfile:2: ONBUILD: expected an instruction"},
      {"FROM a\nONBUILD FROM b\n", "Dockerfile:2: ONBUILD: FROM may not be a trigger"},
      {"FROM a\nONBUILD ONBUILD CMD a\n", "Dockerfile:2: ONBUILD: ONBUILD may not be a trigger"},
      {"FROM a\nCOPY <<EOF /a\nx\n",
       "Dockerfile:2: here-document '<<EOF' is never closed: expected a line 'EOF'"},
      {"FROM a\nCOPY <<'EOF /a\nx\n", "Dockerfile:2: 'COPY <<'EOF /a' has no closing single quote"},
      {"# escape=x\nFROM a\n", "Dockerfile:1: directive 'escape' must be \\ or `, not 'x'"},
      {"# syntax=a\n# syntax=b\nFROM a\n", "Dockerfile:2: directive 'syntax' is given twice"},
      {std::string_view("FROM a\0\n", 8), "Dockerfile: is not a text file in UTF-8"},
      {"FROM \xff\n", "Dockerfile: is not a text file in UTF-8"},
  };
  for (const Case& c : cases) EXPECT_EQ(failure(c.text), c.message) << c.text;
}

TEST(Dockerfile, HasLimits) {
  EXPECT_NE(failure(std::string(kMaxDockerfileBytes + 1, 'a')).find("more than"),
            std::string::npos);
  EXPECT_NE(failure("FROM a\n" + std::string(kMaxDockerfileLines, '\n')).find("lines"),
            std::string::npos);
  EXPECT_NE(failure("FROM a\nCMD " + std::string(kMaxInstructionBytes, 'a')).find("longer"),
            std::string::npos);
  std::string stages, instructions = "FROM a\n";
  for (std::size_t i = 0; i <= kMaxStages; ++i) stages += "FROM a\n";
  for (std::size_t i = 0; i <= kMaxInstructions; ++i) instructions += "CMD a\n";
  EXPECT_NE(failure(stages).find("stages"), std::string::npos);
  EXPECT_NE(failure(instructions).find("instructions"), std::string::npos);
  std::string heredoc = "FROM a\nCOPY <<E /a\n" + std::string(kMaxHeredocBytes + 1, 'a') + "\nE\n";
  EXPECT_NE(failure(heredoc).find("here-document"), std::string::npos);
}

TEST(Dockerfile, Trigger) {
  EXPECT_EQ(parse_trigger("COPY a b", '\\').arguments, (Strings{"a", "b"}));
  EXPECT_THROW(parse_trigger("FROM a", '\\'), Error);
  EXPECT_THROW(parse_trigger("CMD a\nCMD b", '\\'), Error);
}

}  // namespace
}  // namespace wherry::build
