#include "container/shim/runtime_command.h"

#include <gtest/gtest.h>

namespace wherry::shim {
namespace {

TEST(RuntimeLog, IsReadByDockerInRuncsWords) {
  EXPECT_EQ(in_runcs_words("`/x` not found: No such file or directory"),
            "`/x` not found: no such file or directory");
  EXPECT_EQ(in_runcs_words("open `/x`: Permission denied"), "open `/x`: permission denied");
  EXPECT_EQ(in_runcs_words("the path `/srv` is not a regular file: Operation not permitted"),
            "the path `/srv` is not a regular file: Operation not permitted: permission denied");
  EXPECT_EQ(in_runcs_words("no memory"), "no memory");
}

TEST(RuntimeLog, EndsWithTheReason) {
  EXPECT_EQ(last_message(R"({"level":"warning","msg":"odd","time":"t"}
{"level":"error","msg":"create: \"x\" is not there","time":"t"}
{"level":"info","msg":"bye"}
)"),
            "create: \"x\" is not there");
  // As crun writes it since 1.15.
  EXPECT_EQ(last_message("{\n  \"msg\": \"a {\\\"brace\",\n  \"level\": \"error\"\n}\n"),
            "a {\"brace");
  EXPECT_EQ(last_message(R"({"msg":"cut)"), "");
  EXPECT_EQ(last_message(""), "");
  EXPECT_EQ(last_message("no JSON\n[1]\n{\"msg\":3}\n"), "");
}

}  // namespace
}  // namespace wherry::shim
