#include "os/cgroup.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::os {
namespace {

TEST(CgroupTest, FindsHierarchiesOfBothVersions) {
  auto found = find_cgroups(
      "30 20 0:26 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n"
      "31 20 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpuacct,cpu\n"
      "32 20 0:28 /pod /mnt/with\\040space rw - cgroup cgroup rw,memory\n"
      "33 20 0:29 / /proc rw - proc proc rw\n"
      "34 20 0:28 /pod /elsewhere rw - cgroup cgroup rw,memory\n",
      "5:memory:/pod/mine\n4:cpu,cpuacct:/\n3:pids:/x\n0::/user.slice\n");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0], (CgroupHierarchy{"cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "/"}));
  EXPECT_EQ(found[1], (CgroupHierarchy{"memory", "/mnt/with space", "/mine"}));
  EXPECT_EQ(found[2], (CgroupHierarchy{"", "/sys/fs/cgroup/unified", "/user.slice"}));
  EXPECT_TRUE(found[0].has("cpuacct"));
  EXPECT_FALSE(found[0].has("cpua"));
}

TEST(CgroupTest, PathsDoNotClimb) {
  EXPECT_EQ(check_cgroup_path("/a//b/"), "/a/b");
  EXPECT_EQ(check_cgroup_path("a"), "/a");
  EXPECT_EQ(check_cgroup_path("/"), "/");
  EXPECT_THROW(check_cgroup_path("/a/../b"), Error);
  EXPECT_THROW(check_cgroup_path("./a"), Error);
  EXPECT_THROW(check_cgroup_path("/a\nb"), Error);
}

TEST(CgroupTest, ReadsNumbers) {
  EXPECT_EQ(parse_cgroup_number("12"), 12u);
  EXPECT_EQ(parse_cgroup_number("max"), ~std::uint64_t{0});
  EXPECT_FALSE(parse_cgroup_number(""));
  EXPECT_FALSE(parse_cgroup_number("12 3"));
  auto values = parse_cgroup_values("oom 0\nbroken\noom_kill 3\n");
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[1].name, "oom_kill");
  EXPECT_EQ(values[1].value, 3u);
}

}  // namespace
}  // namespace wherry::os
