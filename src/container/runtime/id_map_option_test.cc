#include "container/runtime/id_map_option.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::container {
namespace {

using Mappings = std::vector<oci::RuntimeIdMapping>;

const oci::RuntimeLinux kSection = {
    .uid_mappings = {{.container_id = 0, .host_id = 1000, .size = 1},
                     {.container_id = 1, .host_id = 100000, .size = 65536}},
    .gid_mappings = {{.container_id = 0, .host_id = 7, .size = 10}}};

IdMaps parsed(std::string_view text) { return parse_id_map_option(text, kSection); }

std::string problem_of(std::string_view text, const oci::RuntimeLinux& section = kSection) {
  return outcome_of([&] { return parse_id_map_option(text, section); }).second;
}

TEST(IdMapOption, NamesRangesOfUsersAndGroups) {
  EXPECT_EQ(parsed("uids=0-1000-10#20-1020-1;gids=3-4-5"),
            (IdMaps{.users = {{0, 1000, 10}, {20, 1020, 1}}, .groups = {{3, 4, 5}}}));
  EXPECT_EQ(parsed("gids=3-4-5;uids=1-2-3"), (IdMaps{.users = {{1, 2, 3}}, .groups = {{3, 4, 5}}}));
}

TEST(IdMapOption, TakesWhatItDoesNotNameFromTheUserNamespace) {
  EXPECT_EQ(parsed("uids=1-2-3"), (IdMaps{.users = {{1, 2, 3}}, .groups = kSection.gid_mappings}));
  EXPECT_EQ(parsed("gids=1-2-3"), (IdMaps{.users = kSection.uid_mappings, .groups = {{1, 2, 3}}}));
  EXPECT_EQ(problem_of("uids=1-2-3", {}),
            "'gids=…' is missing, and no user namespace has them to take");
  EXPECT_EQ(problem_of("gids=1-2-3", {}),
            "'uids=…' is missing, and no user namespace has them to take");
}

TEST(IdMapOption, CountsFromTheContainersUserNamespace) {
  EXPECT_EQ(parsed("uids=@500-0-1").users, (Mappings{{500, 1000, 1}}));
  EXPECT_EQ(parsed("uids=@500-2-3").users, (Mappings{{500, 100001, 3}}));
  EXPECT_EQ(parsed("gids=@0-9-1#5-5-1").groups, (Mappings{{0, 16, 1}, {5, 5, 1}}));
  // Over the border between two of its ranges.
  EXPECT_EQ(parsed("uids=@500-0-3").users, (Mappings{{500, 1000, 1}, {501, 100000, 2}}));
  EXPECT_EQ(problem_of("gids=@0-8-3"), "'@0-8-3': the container's user namespace has no id 10");
  EXPECT_EQ(problem_of("uids=@0-0-1", {}), "'@0-0-1': the container's user namespace has no id 0");
}

TEST(IdMapOption, IsRefusedWhereItSaysSomethingElse) {
  constexpr const char* kExpected = "expected a range as in '0-1000-10', with '@' before it or not";
  for (std::string range : {"", "1", "1-2", "1-2-", "1-2-3-4", "a-2-3", "-1-2-3", "1--2-3",
                            "1-2-3 ", "1-2-4294967296", "+1-2-3", "@", "@@1-2-3"}) {
    EXPECT_EQ(problem_of("uids=" + range), "'" + range + "': " + kExpected);
  }
  EXPECT_EQ(problem_of("uids=1-2-3##1-2-3"), std::string("'': ") + kExpected);
  EXPECT_EQ(problem_of(""), "'': expected 'uids=…' or 'gids=…'");
  EXPECT_EQ(problem_of("users=1-2-3"), "'users': expected 'uids=…' or 'gids=…'");
  EXPECT_EQ(problem_of("uids=1-2-3;uids=1-2-3"), "'uids' is there twice");
  EXPECT_EQ(problem_of("uids=1-2-0"), "'1-2-0': a range of no ids");
  EXPECT_EQ(problem_of("uids=4294967290-0-10"), "'4294967290-0-10': there are no such ids");
  EXPECT_EQ(problem_of("uids=0-4294967290-10"), "'0-4294967290-10': there are no such ids");
  std::string many = "uids=0-0-1";
  for (int i = 0; i < 400; ++i) many += "#0-0-1";
  EXPECT_TRUE(problem_of(many).ends_with("too many ranges"));
}

}  // namespace
}  // namespace wherry::container
