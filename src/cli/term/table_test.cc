#include "cli/term/table.h"

#include <gtest/gtest.h>

#include "base/suggest.h"

namespace wherry::cli {
namespace {

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(format_table({"NAME", "ID"}, {{"demo/hello", "1"}, {"x", ""}}),
            "NAME         ID\n"
            "demo/hello   1\n"
            "x\n");
}

TEST(Table, SizesHaveThreeDigits) {
  EXPECT_EQ(format_size(0), "0B");
  EXPECT_EQ(format_size(999), "999B");
  EXPECT_EQ(format_size(1234), "1.23kB");
  EXPECT_EQ(format_size(45'600'000), "45.6MB");
  EXPECT_EQ(format_size(999'999), "1MB");
}

TEST(Table, AgesAreDockers) {
  EXPECT_EQ(format_age(-5), "Less than a second ago");
  EXPECT_EQ(format_age(59), "59 seconds ago");
  EXPECT_EQ(format_age(60), "About a minute ago");
  EXPECT_EQ(format_age(3600), "About an hour ago");
  EXPECT_EQ(format_age(3 * 86400), "3 days ago");
  EXPECT_EQ(format_age(800 * 86400), "2 years ago");
}

TEST(Suggest, FindsTheNearestName) {
  const std::string_view names[] = {"images", "inspect", "run", "rmi", ""};
  EXPECT_EQ(nearest("imgaes", names), "images");
  EXPECT_EQ(nearest("rnu", names), "run");
  EXPECT_EQ(nearest("image", names), "images");
  EXPECT_EQ(nearest("ispect", names), "inspect");
  EXPECT_EQ(nearest("inpsetc", names), "inspect");
  EXPECT_EQ(nearest("compose", names), "");
  const std::string_view verbs[] = {"build", "load", "ps", "pull", "rm", "save", "tag"};
  for (std::string_view word : {"logs", "push", "top", "kill", "stop", "exec", "start"}) {
    EXPECT_EQ(nearest(word, verbs), "") << word;
  }
  EXPECT_EQ(nearest("laod", verbs), "load");
  EXPECT_EQ(nearest("sp", verbs), "ps");
  EXPECT_EQ(nearest(std::string(1000, 'x'), names), "");
}

}  // namespace
}  // namespace wherry::cli
