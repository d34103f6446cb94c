#include "oci/runtime_resources.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "oci/runtime_config.h"

namespace wherry::oci {
namespace {

constexpr const char* kEverything = R"({
  "devices": [{"allow": false, "access": "rwm"},
              {"allow": true, "type": "c", "major": 1, "minor": -1, "access": "r"}],
  "memory": {"limit": 67108864, "reservation": 1, "swap": -1, "kernel": 2, "kernelTCP": 3,
             "swappiness": 0, "disableOOMKiller": true, "useHierarchy": false,
             "checkBeforeUpdate": true},
  "cpu": {"shares": 1024, "quota": -1, "burst": 5, "period": 100000, "realtimeRuntime": 6,
          "realtimePeriod": 7, "cpus": "0-1", "mems": "0", "idle": 1},
  "pids": {"limit": 100},
  "blockIO": {"weight": 10, "leafWeight": 11,
              "weightDevice": [{"major": 8, "minor": 0, "weight": 500, "leafWeight": 300}],
              "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 600}],
              "throttleWriteBpsDevice": [{"major": 8, "minor": 1, "rate": 601}],
              "throttleReadIOPSDevice": [{"major": 8, "minor": 2, "rate": 602}],
              "throttleWriteIOPSDevice": [{"major": 8, "minor": 3, "rate": 603}]},
  "hugepageLimits": [{"pageSize": "2MB", "limit": 9223372036854771712}],
  "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500}]},
  "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000}},
  "unified": {"memory.high": "1073741824"}})";

std::string message_of(std::string_view text) {
  try {
    parse_runtime_resources(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(RuntimeResources, ParsesEveryField) {
  RuntimeResources all = parse_runtime_resources(kEverything);
  EXPECT_EQ(all.devices[0], (DeviceRule{.allow = false}));
  EXPECT_EQ(all.devices[1], (DeviceRule{.allow = true, .type = 'c', .major = 1, .access = "r"}));
  EXPECT_EQ(all.memory.limit, 64 << 20);
  EXPECT_EQ(all.memory.swap, -1);
  EXPECT_EQ(all.memory.swappiness, 0u);
  EXPECT_EQ(all.cpu.quota, -1);
  EXPECT_EQ(all.cpu.cpus, "0-1");
  EXPECT_EQ(all.cpu.idle, 1);
  EXPECT_EQ(all.pids_limit, 100);
  EXPECT_EQ(all.block.weight_devices[0].leaf_weight, 300);
  EXPECT_EQ(all.block.write_operations[0], (BlockRate{.major = 8, .minor = 3, .rate = 603}));
  EXPECT_EQ(all.hugepages[0].limit, 9223372036854771712u);
  EXPECT_EQ(all.network.priorities[0].name, "eth0");
  EXPECT_EQ(all.rdma.at("mlx5_1").objects, 10000u);
  EXPECT_EQ(all.unified.at("memory.high"), "1073741824");
  EXPECT_EQ(parse_runtime_resources(to_json(all)), all);
}

TEST(RuntimeResources, AreAPartOfConfigJson) {
  RuntimeConfig config = parse_runtime_config(std::string(R"({"process": {"args": ["/a.wasm"]},
    "root": {"path": "rootfs"}, "linux": {"cgroupsPath": "/a/b", "resources": )") +
                                              kEverything + "}}");
  EXPECT_EQ(config.linux_section.cgroups_path, "/a/b");
  EXPECT_EQ(config.linux_section.resources, parse_runtime_resources(kEverything));
  EXPECT_EQ(parse_runtime_config(to_json(config)), config);
}

TEST(RuntimeResources, AbsentIsNotZero) {
  EXPECT_EQ(parse_runtime_resources("{}"), RuntimeResources());
  EXPECT_EQ(to_json(RuntimeResources()), "{}");
  EXPECT_EQ(parse_runtime_resources(R"({"memory": {"limit": 0}})").memory.limit, 0);
}

TEST(RuntimeResources, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(message_of(R"({"memory": {"limit": "1g"}})"),
            "resources: memory.limit: expected a whole number");
  EXPECT_EQ(message_of(R"({"memory": {"limit": 18446744073709551615}})"),
            "resources: memory.limit: expected a whole number");
  EXPECT_EQ(message_of(R"({"devices": [{"access": "x"}]})"),
            "resources: devices[0].access: expected letters of 'rwm'");
  EXPECT_EQ(message_of(R"({"unified": {"../x.y": "1"}})"),
            "resources: unified.../x.y: expected the name of a cgroup file, as in 'memory.high'");
  EXPECT_EQ(message_of(R"({"hugepageLimits": [{"pageSize": "../x"}]})"),
            "resources: hugepageLimits[0].pageSize: expected a size, as in '2MB'");
}

}  // namespace
}  // namespace wherry::oci
