#include "container/runtime/entrypoint_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace wherry::container {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

// "PATH", or "PATH#FUNCTION".
Texts candidates(const oci::RuntimeProcess& process) {
  Texts texts;
  for (const EntrypointCandidate& each : entrypoint_candidates(process)) {
    texts.push_back(each.function.empty() ? each.path : each.path + "#" + each.function);
  }
  return texts;
}

TEST(EntrypointCandidates, AreAlongThePath) {
  oci::RuntimeProcess process{.args = {"app.wasm"}, .env = {"A=b", "PATH=/bin::x:/opt/"}};
  EXPECT_EQ(candidates(process), (Texts{"/bin/app.wasm", "/opt/app.wasm", "/app.wasm"}));
  process.cwd = "/srv";
  EXPECT_EQ(candidates(process),
            (Texts{"/bin/app.wasm", "/opt/app.wasm", "/srv/app.wasm", "/app.wasm"}));
  process.args = {"./app.wasm"};
  EXPECT_EQ(candidates(process), (Texts{"/srv/./app.wasm"}));
  process.args = {"/x/app.wasm"};
  EXPECT_EQ(candidates(process), (Texts{"/x/app.wasm"}));
}

TEST(EntrypointCandidates, AreTheWholeNameFirst) {
  EXPECT_EQ(candidates({.args = {"/x.wasm#init"}}), (Texts{"/x.wasm#init", "/x.wasm#init"}));
  std::vector<EntrypointCandidate> both = entrypoint_candidates({.args = {"/x.wasm#a#b"}});
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0], (EntrypointCandidate{.path = "/x.wasm#a#b", .function = ""}));
  EXPECT_EQ(both[1], (EntrypointCandidate{.path = "/x.wasm", .function = "a#b"}));
  // There is no path in it.
  EXPECT_EQ(candidates({.args = {"#init"}, .env = {"PATH="}}), (Texts{"/#init"}));
}

TEST(EntrypointFile, IsARegularFileOfTheRootOrAMount) {
  const std::string bundle = testing::TempDir() + "wherry-entrypoint." + std::to_string(::getpid());
  fs::create_directories(bundle + "/rootfs/bin");
  fs::create_directories(bundle + "/volume");
  std::ofstream(bundle + "/rootfs/bin/app") << "x";
  std::ofstream(bundle + "/volume/app") << "y";
  oci::RuntimeConfig config;
  config.root.path = "rootfs";
  auto find = [&](const char* entrypoint) {
    config.process.args = {entrypoint};
    auto found = find_entrypoint(config, bundle);
    return found ? found->path : "";
  };
  EXPECT_EQ(find("app"), "/bin/app");
  EXPECT_EQ(find("/bin/app#init"), "/bin/app");
  for (const char* none : {"/", "/bin", "", "#init", "other", "/volume/app"}) {
    EXPECT_EQ(find(none), "") << none;
  }
  config.mounts = {
      {.destination = "/volume", .type = "bind", .source = bundle + "/volume", .options = {}},
      {.destination = "/bin", .type = "tmpfs", .source = "", .options = {}}};
  EXPECT_EQ(find("/volume/app"), "/volume/app");
  EXPECT_EQ(find("/bin/app"), "");
  fs::remove_all(bundle);
}

}  // namespace
}  // namespace wherry::container
