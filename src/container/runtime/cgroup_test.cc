// What a machine need not have: the files of cgroup v2 are ordinary ones here.
#include "container/runtime/cgroup.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "container/runtime/cgroup_limits.h"
#include "container/runtime/cgroup_stats.h"
#include "container/runtime/cgroup_systemd.h"
#include "os/file.h"

namespace wherry::container {
namespace {

class CgroupV2Test : public testing::Test {
 protected:
  CgroupV2Test() : path_(testing::TempDir() + "wherry_cgroup_" + os::unique_name()) {
    std::filesystem::create_directories(path_ + "/g");
  }
  ~CgroupV2Test() override { std::filesystem::remove_all(path_); }
  void put(const std::string& file, const std::string& text = "") {
    std::ofstream(path_ + "/g/" + file) << text;
  }
  std::string get(const std::string& file) {
    std::string text;
    std::getline(std::ifstream(path_ + "/g/" + file), text);
    return text;
  }
  os::CgroupFolder folder() { return *os::CgroupFolder::open(path_, "/g"); }

  std::string path_;
};

TEST_F(CgroupV2Test, LimitsAreWrittenInItsTerms) {
  put("cgroup.controllers", "cpuset cpu io memory pids");
  for (const char* file : {"memory.max", "memory.swap.max", "memory.low", "cpu.weight",
                           "cpuset.cpus", "pids.max", "io.max", "io.weight", "memory.high"}) {
    put(file);
  }
  put("cpu.max", "max 100000");
  apply_limits_v2(folder(), oci::parse_runtime_resources(R"({
      "memory": {"limit": 67108864, "swap": 100663296, "reservation": 33554432},
      "cpu": {"shares": 1024, "quota": 50000, "cpus": "0-1"}, "pids": {"limit": -1},
      "blockIO": {"weight": 500, "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1024}]},
      "unified": {"memory.high": "60000000"}})"));
  EXPECT_EQ(get("memory.max"), "67108864");
  EXPECT_EQ(get("memory.swap.max"), "33554432");
  EXPECT_EQ(get("memory.low"), "33554432");
  EXPECT_EQ(get("cpu.weight"), "39");
  EXPECT_EQ(get("cpu.max"), "50000 100000");
  EXPECT_EQ(get("cpuset.cpus"), "0-1");
  EXPECT_EQ(get("pids.max"), "max");
  EXPECT_EQ(get("io.weight"), "default 4950");
  EXPECT_EQ(get("io.max"), "8:0 rbps=1024");
  EXPECT_EQ(get("memory.high"), "60000000");
}

TEST_F(CgroupV2Test, ALimitWithoutAControllerIsAnError) {
  put("cgroup.controllers", "cpu");
  EXPECT_THROW(apply_limits_v2(folder(), oci::parse_runtime_resources(R"({"pids": {"limit": 5}})")),
               Error);
}

TEST_F(CgroupV2Test, StatisticsAreRead) {
  put("cpu.stat", "usage_usec 12\nuser_usec 8\nsystem_usec 4\nnr_periods 3\n");
  put("memory.stat", "anon 100\nfile 200\n");
  put("memory.current", "4096\n");
  put("memory.max", "8192\n");
  put("memory.swap.max", "1000\n");
  put("memory.swap.current", "10\n");
  put("memory.pressure",
      "some avg10=1.50 avg60=0.00 avg300=0.00 total=7\n"
      "full avg10=0.00 avg60=0.00 avg300=0.00 total=2\n");
  put("pids.current", "2\n");
  put("pids.max", "max\n");
  put("io.stat", "8:0 rbytes=4096 wbytes=1 rios=2 wios=3 dbytes=0 dios=0\n");
  oci::RuntimeStats stats = read_stats_v2(folder());
  EXPECT_EQ(stats.cpu.total, 12000u);
  EXPECT_EQ(stats.cpu.kernel, 4000u);
  EXPECT_EQ(stats.cpu.periods, 3u);
  EXPECT_EQ(stats.memory.cache, 200u);
  EXPECT_EQ(stats.memory.raw["anon"], 100u);
  EXPECT_EQ(stats.memory.usage.limit, 8192u);
  EXPECT_EQ(stats.memory.swap.limit, 9192u);
  EXPECT_EQ(stats.memory.swap.usage, 4106u);
  ASSERT_TRUE(stats.memory.pressure);
  EXPECT_EQ(stats.memory.pressure->some.average_10s, 1.5);
  EXPECT_EQ(stats.memory.pressure->full.total, 2u);
  EXPECT_EQ(stats.pids, 2u);
  EXPECT_EQ(stats.pids_limit, 0u);
  ASSERT_EQ(stats.block.tables["ioServiceBytesRecursive"].size(), 2u);
  EXPECT_EQ(stats.block.tables["ioServicedRecursive"][1].value, 3u);
}

TEST(CgroupLimitsTest, Conversions) {
  EXPECT_EQ(cpu_weight_of(2), 1u);
  EXPECT_EQ(cpu_weight_of(262144), 10000u);
  EXPECT_EQ(io_weight_of(10), 1u);
  EXPECT_EQ(io_weight_of(1000), 10000u);
  EXPECT_EQ(swap_alone({.limit = 10, .swap = 30}), 20);
  EXPECT_EQ(swap_alone({.limit = -1}), -1);
  EXPECT_EQ(swap_alone({.limit = 10}), std::nullopt);
  EXPECT_THROW(swap_alone({.limit = 30, .swap = 10}), Error);
  EXPECT_EQ(parse_number_list("0-2,7"), (std::vector<std::uint16_t>{0, 1, 2, 7}));
  EXPECT_THROW(parse_number_list("0-"), Error);
}

TEST(CgroupDevicesTest, RulesAreSteps) {
  EXPECT_FALSE(device_policy({}));
  auto policy =
      device_policy({{.allow = false},
                     {.allow = true, .type = 'b', .major = 8, .minor = 0, .access = "rw"},
                     {.allow = false, .type = 'b', .major = 8, .minor = 0, .access = "w"}});
  ASSERT_TRUE(policy);
  EXPECT_FALSE(policy->allow_others);
  EXPECT_EQ(policy->exceptions[0],
            (os::DeviceException{.type = 'b', .major = 8, .minor = 0, .access = os::kDeviceRead}));
}

TEST(CgroupSystemdTest, Names) {
  EXPECT_EQ(parse_systemd_name("machine.slice:libpod:abc", "x", "system.slice"),
            (SystemdName{.slice = "machine.slice", .unit = "libpod-abc.scope"}));
  EXPECT_EQ(parse_systemd_name("", "x", "user.slice"),
            (SystemdName{.slice = "user.slice", .unit = "wherry-x.scope"}));
  EXPECT_EQ(parse_systemd_name("a.slice::b.slice", "x", "system.slice").unit, "b.slice");
  EXPECT_THROW(parse_systemd_name("/a/b", "x", "system.slice"), Error);
  EXPECT_THROW(parse_systemd_name("a.slice:b:", "x", "system.slice"), Error);
  EXPECT_EQ(slice_path("a-b.slice"), "/a.slice/a-b.slice");
  EXPECT_EQ(slice_path("-.slice"), "");
  EXPECT_THROW(slice_path("a--b.slice"), Error);
}

TEST(CgroupTest, WhatIsSavedIsOpened) {
  std::string saved = "systemd x.scope\nmemory\t/sys/fs/cgroup/memory\t/a/x.scope\nv2\t/c\t/a";
  EXPECT_EQ(Cgroup::open(saved).saved(), saved);
  EXPECT_FALSE(Cgroup::open("").exists());
  for (const char* damaged : {"other", "systemd", "cgroupfs\nmemory", "cgroupfs\nv2\t/c\t/",
                              "cgroupfs\nv2\t/c\t/a/../b"}) {
    EXPECT_THROW(Cgroup::open(damaged), Error) << damaged;
  }
}

}  // namespace
}  // namespace wherry::container
