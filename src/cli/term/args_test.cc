#include "cli/term/args.h"

#include <gtest/gtest.h>

namespace wherry::cli {
namespace {

using Texts = std::vector<std::string>;

struct RunOptions {
  bool remove = false;
  bool interactive = false;
  bool tty = false;
  std::optional<std::string> entrypoint;
  std::string name;
  Texts env;
  std::optional<Texts> operands;
};

RunOptions parse_run(const Texts& arguments, Operands operands = Operands::EndTheOptions) {
  RunOptions run;
  Arguments parser;
  parser.flag("--rm", &run.remove, "remove it");
  parser.flag("-i,--interactive", &run.interactive, "keep stdin open");
  parser.flag("-t,--tty", &run.tty, "a terminal");
  parser.option("--entrypoint", "PATH", &run.entrypoint, "start this");
  parser.option("--name", "NAME", &run.name, "its name");
  parser.list("-e,--env", "NAME=VALUE", &run.env, "environment");
  run.operands = parser.parse(arguments, operands);
  return run;
}

std::string usage_error(const Texts& arguments) {
  try {
    parse_run(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Arguments, WhatFollowsTheFirstOperandIsLeftAlone) {
  RunOptions run = parse_run({"--rm", "-e", "A=1", "demo/hello", "--rm=x", "-e", "--", "[a,b]"});
  EXPECT_TRUE(run.remove);
  EXPECT_EQ(run.env, Texts{"A=1"});
  EXPECT_EQ(run.operands, (Texts{"demo/hello", "--rm=x", "-e", "--", "[a,b]"}));
}

TEST(Arguments, OptionsMayFollowOperandsWhereTheVerbSaysSo) {
  RunOptions run = parse_run({"a", "--rm", "b", "--", "--c"}, Operands::Anywhere);
  EXPECT_TRUE(run.remove);
  EXPECT_EQ(run.operands, (Texts{"a", "b", "--c"}));
}

TEST(Arguments, AValueMayBeEmptyJoinedOrApart) {
  EXPECT_EQ(parse_run({"--entrypoint=", "image"}).entrypoint, "");
  EXPECT_EQ(parse_run({"--entrypoint", "", "image"}).operands, Texts{"image"});
  EXPECT_EQ(parse_run({"-eA=b", "-e=C", "--env=D=e=f", "--env", "[x,y]", "image"}).env,
            (Texts{"A=b", "C", "D=e=f", "[x,y]"}));
}

TEST(Arguments, ShortFlagsMayBeJoined) {
  RunOptions run = parse_run({"-ite", "A", "image"});
  EXPECT_TRUE(run.interactive && run.tty);
  EXPECT_EQ(run.env, Texts{"A"});
  EXPECT_FALSE(parse_run({"--rm", "--rm=false", "image"}).remove);
}

TEST(Arguments, ALoneDashIsAnOperand) { EXPECT_EQ(parse_run({"-"}).operands, Texts{"-"}); }

TEST(Arguments, HelpWinsOverWhatIsMissing) { EXPECT_FALSE(parse_run({"--help"}).operands); }

TEST(Arguments, ErrorsNameTheFlag) {
  EXPECT_EQ(usage_error({"--entrypiont", "x"}),
            "unknown flag '--entrypiont'; did you mean '--entrypoint'?");
  EXPECT_EQ(usage_error({"-x"}), "unknown flag '-x'");
  EXPECT_EQ(usage_error({"-ix"}), "unknown flag '-x' in '-ix'");
  EXPECT_EQ(usage_error({"--name"}), "flag '--name' needs a value: NAME");
  EXPECT_EQ(usage_error({"--rm=maybe"}), "flag '--rm' is true or false, not 'maybe'");
}

TEST(Arguments, DescribesWhatWasDeclared) {
  bool quiet = false;
  std::string format;
  Arguments parser;
  parser.flag("-q,--quiet", &quiet, "only IDs");
  parser.option("--format", "FORMAT", &format, "table or json");
  EXPECT_EQ(parser.describe(),
            "  -q, --quiet          only IDs\n"
            "      --format FORMAT  table or json\n"
            "  -h, --help           show this text\n");
}

TEST(Arguments, ShortHelpUnlessTheCommandMeansSomethingElse) {
  EXPECT_FALSE(parse_run({"-h"}).operands);
  std::string hostname;
  Arguments parser;
  parser.option("-h,--hostname", "NAME", &hostname, "a name");
  EXPECT_TRUE(parser.parse(Texts{"-h", "web"}));
  EXPECT_EQ(hostname, "web");
  EXPECT_TRUE(parser.describe().ends_with("      --help           show this text\n"));
}

}  // namespace
}  // namespace wherry::cli
