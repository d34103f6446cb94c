#include "container/workload/payload.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace wherry::container {
namespace {

namespace fs = std::filesystem;

class PayloadOf : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(bundle_ + "/rootfs/bin");
    fs::create_directories(bundle_ + "/volume");
    put("rootfs/bin/module", std::string("\0asm\1\0\0\0", 8));
    put("rootfs/bin/program",
        "\x7f"
        "ELF");
    put("rootfs/bin/broken.wasm", "x");
    put("volume/module", std::string("\0asm\1\0\0\0", 8));
    config_.root.path = "rootfs";
  }
  void TearDown() override { fs::remove_all(bundle_); }
  void put(const std::string& name, const std::string& text) {
    std::ofstream(bundle_ + "/" + name, std::ios::binary) << text;
  }
  bool is_wasm(const std::string& entrypoint, Payload otherwise = Payload::Linux) {
    config_.process.args = {entrypoint};
    return payload_of(config_, bundle_, otherwise) == Payload::Wasm;
  }

  std::string bundle_ = testing::TempDir() + "wherry-payload." + std::to_string(::getpid());
  oci::RuntimeConfig config_;
};

TEST_F(PayloadOf, IsWhatTheEntrypointIs) {
  EXPECT_TRUE(is_wasm("/bin/module"));
  EXPECT_TRUE(is_wasm("module"));
  EXPECT_TRUE(is_wasm("/bin/broken.wasm"));
  EXPECT_FALSE(is_wasm("/bin/program", Payload::Wasm));
  EXPECT_FALSE(is_wasm("program", Payload::Wasm));
}

TEST_F(PayloadOf, IsTheDefaultWhereNothingTells) {
  EXPECT_FALSE(is_wasm("/not/there"));
  EXPECT_TRUE(is_wasm("/not/there", Payload::Wasm));
  EXPECT_TRUE(is_wasm("/not/there.wasm"));
  EXPECT_FALSE(is_wasm("/bin"));
  EXPECT_FALSE(is_wasm(""));
  config_.root.path = "/not/there";
  EXPECT_FALSE(is_wasm("/bin/module"));
}

TEST_F(PayloadOf, IsLookedForWhereMountsWillBe) {
  config_.mounts = {
      {.destination = "/bin", .type = "tmpfs", .source = "", .options = {}},
      {.destination = "/bin/sub/", .type = "", .source = "volume", .options = {"rbind"}},
      {.destination = "/one", .type = "bind", .source = bundle_ + "/volume/module", .options = {}},
      {.destination = "/binary", .type = "bind", .source = "volume", .options = {}}};
  EXPECT_TRUE(is_wasm("/bin/sub/module"));
  EXPECT_TRUE(is_wasm("/one"));
  EXPECT_TRUE(is_wasm("/binary/module"));
  EXPECT_FALSE(is_wasm("/bin/module"));
  EXPECT_TRUE(is_wasm("/bin/program", Payload::Wasm)) << "it will not be seen";
}

TEST_F(PayloadOf, StaysInTheRoot) {
  fs::create_symlink("/bin/module", bundle_ + "/rootfs/link");
  EXPECT_TRUE(is_wasm("/link"));
  EXPECT_TRUE(is_wasm("/../../bin/module"));
  EXPECT_FALSE(is_wasm("/../volume/module"));
}

TEST_F(PayloadOf, IsWhatAnnotationsSay) {
  for (const char* handler : {"wasm", "wasmedge", "wasmtime", "wasmer", "wamr"}) {
    config_.annotations = {{"run.oci.handler", handler}};
    EXPECT_TRUE(is_wasm("/bin/program")) << handler;
  }
  config_.annotations = {{"run.oci.handler", "krun"}};
  EXPECT_FALSE(is_wasm("/bin/module"));
  config_.annotations = {{"module.wasm.image/variant", "compat"}};
  EXPECT_TRUE(is_wasm("/bin/program"));
  for (const char* name : {"run.oci.handler", "module.wasm.image/variant"}) {
    config_.annotations = {{name, name[0] == 'r' ? "wasm-smart" : "compat-smart"}};
    EXPECT_TRUE(is_wasm("/bin/module"));
    EXPECT_FALSE(is_wasm("/bin/program"));
  }
}

TEST_F(PayloadOf, OfAPodsSandboxIsLinux) {
  for (const char* name :
       {"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"}) {
    config_.annotations = {{name, "sandbox"}, {"run.oci.handler", "wasm"}};
    EXPECT_FALSE(is_wasm("/bin/module", Payload::Wasm));
    config_.annotations = {{name, "container"}};
    EXPECT_TRUE(is_wasm("/bin/module"));
  }
}

TEST_F(PayloadOf, WithARootOfOurOwnIsWasm) {
  config_.mounts = {{.destination = "/", .type = "overlay", .source = "", .options = {}}};
  EXPECT_TRUE(is_wasm("/bin/program"));
}

}  // namespace
}  // namespace wherry::container
