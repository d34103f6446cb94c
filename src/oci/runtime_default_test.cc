#include "oci/runtime_default.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "oci/runtime_features.h"

namespace wherry::oci {
namespace {

TEST(DefaultConfig, IsWhatItSays) {
  for (bool rootless : {false, true}) {
    DefaultConfigOptions options;
    if (rootless) options.rootless = {.uid = 1000, .gid = 1001};
    RuntimeConfig config = default_config(options);
    std::string text = to_indented_json(config);
    EXPECT_EQ(parse_runtime_config(text), config);
    EXPECT_NE(text.find("\n    \"process\": {\n"), std::string::npos) << text;
    EXPECT_EQ(config.process.capabilities, RuntimeCapabilities{});
    bool own_users = std::ranges::any_of(config.linux_section.namespaces,
                                         [](const auto& space) { return space.type == "user"; });
    EXPECT_EQ(own_users, rootless);
    EXPECT_EQ(config.linux_section.uid_mappings.size(), rootless ? 1u : 0u);
  }
}

TEST(Features, SayWhatThereIsAndIsNot) {
  RuntimeFeatures features{.hooks = {"prestart"},
                           .mount_options = {"ro"},
                           .namespaces = {"pid"},
                           .capabilities = {"CAP_CHOWN"},
                           .cgroup_v1 = true,
                           .rdma = true,
                           .seccomp = {.actions = {"SCMP_ACT_ALLOW"}},
                           .annotations = {{"a", "b"}},
                           .unsafe_annotations = {"run.oci.handler"}};
  auto json = nlohmann::json::parse(to_json(features));
  EXPECT_EQ(json["ociVersionMin"], "1.0.0");
  EXPECT_EQ(json["hooks"], nlohmann::json({"prestart"}));
  EXPECT_EQ(json["linux"]["cgroup"]["v1"], true);
  EXPECT_EQ(json["linux"]["cgroup"]["v2"], false);
  EXPECT_EQ(json["linux"]["cgroup"]["rdma"], true);
  EXPECT_EQ(json["linux"]["seccomp"]["enabled"], true);
  EXPECT_EQ(json["linux"]["apparmor"]["enabled"], false);
  EXPECT_EQ(json["annotations"]["a"], "b");
  EXPECT_EQ(json["potentiallyUnsafeConfigAnnotations"][0], "run.oci.handler");
}

}  // namespace
}  // namespace wherry::oci
