#include "container/shim/bootstrap.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "container/shim/bootstrap.pb.h"
#include "container/shim/bundle_facts.h"
#include "container/shim/options.h"

namespace wherry::shim {
namespace {

std::vector<std::string> words(std::initializer_list<const char*> list) {
  return {list.begin(), list.end()};
}

TEST(Invocation, IsReadAsGoReadsFlags) {
  Invocation invocation = parse_invocation(
      words({"-namespace", "moby", "--address=/run/c.sock", "-publish-binary",
             "/usr/bin/containerd", "-id", "web", "-debug", "-bundle", "/b", "delete"}));
  EXPECT_EQ(invocation, (Invocation{.action = Action::Delete,
                                    .namespace_name = "moby",
                                    .id = "web",
                                    .address = "/run/c.sock",
                                    .bundle = "/b"}));
}

TEST(Invocation, OfInfoNeedsNothingElse) {
  EXPECT_EQ(parse_invocation(words({"-info"})).action, Action::Info);
  EXPECT_EQ(parse_invocation(words({"-v"})).action, Action::Version);
}

TEST(Invocation, IsRefusedWhereItSaysTooLittle) {
  EXPECT_THROW(parse_invocation(words({"-namespace", "n", "start"})), Error);
  EXPECT_THROW(parse_invocation(words({"-id", "x", "start"})), Error);
  EXPECT_THROW(parse_invocation(words({"-namespace", "n", "-id", "x"})), Error);
  EXPECT_THROW(parse_invocation(words({"-namespace", "n", "-id"})), Error);
  EXPECT_THROW(parse_invocation(words({"-unheard", "of", "start"})), Error);
  EXPECT_THROW(parse_invocation(words({"-namespace", "n", "-id", "x", "stop"})), Error);
}

Invocation invocation_of(bool has_grpc_address) {
  return {.namespace_name = "default",
          .id = "web",
          .address = "/run/containerd/containerd.sock",
          .ttrpc_address = "/run/containerd/containerd.sock.ttrpc",
          .has_grpc_address = has_grpc_address};
}

std::string params_for(const std::string& id, const std::string& namespace_name) {
  wire::BootstrapParams params;
  params.set_instance_id(id);
  params.set_namespace_(namespace_name);
  params.set_containerd_ttrpc_address("/run/other.ttrpc");
  params.set_socket_dir("/run/s");
  return params.SerializeAsString();
}

TEST(Bootstrap, IsPlainForContainerd16) {
  Bootstrap bootstrap = parse_bootstrap("", invocation_of(false));
  EXPECT_EQ(bootstrap.dialect, Dialect::Plain);
  EXPECT_EQ(bootstrap_answer(bootstrap.dialect, "unix:///run/s/a"), "unix:///run/s/a");
}

TEST(Bootstrap, IsJsonOfVersion2ForContainerd17To22) {
  Bootstrap bootstrap = parse_bootstrap("", invocation_of(true));
  EXPECT_EQ(bootstrap.dialect, Dialect::Json);
  EXPECT_EQ(bootstrap_answer(bootstrap.dialect, "unix:///run/s/a"),
            R"({"version":2,"address":"unix:///run/s/a","protocol":"ttrpc"})");
}

TEST(Bootstrap, IsProtobufOfVersion3ForContainerd23) {
  Bootstrap bootstrap = parse_bootstrap(params_for("web", "default"), invocation_of(true));
  EXPECT_EQ(bootstrap.dialect, Dialect::Protobuf);
  EXPECT_EQ(bootstrap.socket_directory, "/run/s");
  EXPECT_EQ(bootstrap.ttrpc_address, "/run/other.ttrpc");
  wire::BootstrapResult result;
  ASSERT_TRUE(result.ParseFromString(bootstrap_answer(bootstrap.dialect, "unix:///run/s/a")));
  EXPECT_EQ(result.version(), 3);
  EXPECT_EQ(result.address(), "unix:///run/s/a");
  EXPECT_EQ(result.protocol(), "ttrpc");
}

// Both begin with two texts.
TEST(Bootstrap, DoesNotTakeOptionsForParameters) {
  wire::Any options;
  options.set_type_url("containerd.runc.v1.Options");
  options.set_value("default");
  EXPECT_EQ(parse_bootstrap(options.SerializeAsString(), invocation_of(true)).dialect,
            Dialect::Json);
  EXPECT_EQ(parse_bootstrap(params_for("other", "default"), invocation_of(true)).dialect,
            Dialect::Json);
  EXPECT_EQ(parse_bootstrap(params_for("web", "other"), invocation_of(true)).dialect,
            Dialect::Json);
  EXPECT_EQ(parse_bootstrap("\xff\xff\xff", invocation_of(false)).dialect, Dialect::Plain);
}

TEST(SocketPath, IsOneForEachContainerdNamespaceAndGroup) {
  Invocation invocation = invocation_of(true);
  std::string path = socket_path("", invocation, "web");
  EXPECT_TRUE(path.starts_with("/run/containerd/s/")) << path;
  EXPECT_LE(path.size(), 106u);
  EXPECT_NE(path, socket_path("", invocation, "pod"));
  invocation.namespace_name = "other";
  EXPECT_NE(path, socket_path("", invocation, "web"));
  EXPECT_TRUE(socket_path("/run/t", invocation, "web").starts_with("/run/t/"));
  EXPECT_THROW(socket_path("/" + std::string(60, 'd'), invocation, "web"), Error);
}

TEST(BundleFacts, GroupsByPod) {
  BundleFacts facts = parse_bundle_facts(R"({"process": {"args": ["/x"]}, "annotations": {
      "io.kubernetes.cri.sandbox-id": "pod"}, "linux": {"cgroupsPath": "system.slice:docker:web"}})");
  EXPECT_EQ(group_of(facts, "web"), "pod");
  EXPECT_EQ(facts.cgroups_path, "system.slice:docker:web");
  EXPECT_EQ(group_of({}, "web"), "web");
  EXPECT_THROW(parse_bundle_facts("[]"), Error);
  EXPECT_THROW(parse_bundle_facts("{"), Error);
}

TEST(BundleFacts, TellWhereTheEntrypointIs) {
  BundleFacts facts = parse_bundle_facts(R"({"root": {"path": "rootfs"},
      "process": {"args": ["/x", 1], "env": ["PATH=/bin"], "cwd": "/srv", "user": {}},
      "mounts": [{"destination": "/srv", "type": "bind", "source": "/s", "options": ["ro"]}, 2],
      "linux": {"seccomp": {"cgroupsPath": 1}, "cgroupsPath": "/docker/web"}})");
  oci::RuntimeConfig expected;
  expected.root.path = "rootfs";
  expected.process.args = {"/x"};
  expected.process.env = {"PATH=/bin"};
  expected.process.cwd = "/srv";
  expected.mounts = {{.destination = "/srv", .type = "bind", .source = "/s", .options = {"ro"}}};
  EXPECT_EQ(facts.entrypoint, expected);
  EXPECT_EQ(facts.cgroups_path, "/docker/web");
  facts = parse_bundle_facts(R"({"process": {"cwd": "relative"}, "mounts": {}, "root": []})");
  EXPECT_EQ(facts.entrypoint, oci::RuntimeConfig());
}

TEST(BundleFacts, KnowSystemdsGroups) {
  EXPECT_TRUE(is_systemd_path("system.slice:docker:web"));
  EXPECT_TRUE(is_systemd_path("kubepods-burstable.slice:cri-containerd:web"));
  EXPECT_FALSE(is_systemd_path("/docker/web"));
  EXPECT_FALSE(is_systemd_path("/system.slice:docker:web"));
  EXPECT_FALSE(is_systemd_path(""));
}

wire::Any any_of(const std::string& type, const std::string& value) {
  wire::Any any;
  any.set_type_url(type);
  any.set_value(value);
  return any;
}

TEST(Options, OfRuncAndOfAnyRuntimeAreRead) {
  wire::RuncOptions runc;
  runc.set_systemd_cgroup(true);
  runc.set_root("/run/r");
  runc.set_binary_name("/usr/bin/crun");
  RuntimeOptions expected{
      .systemd_cgroup = true, .root = "/run/r", .linux_runtime = "/usr/bin/crun"};
  EXPECT_EQ(parse_options(any_of("containerd.runc.v1.Options", runc.SerializeAsString())),
            expected);
  wire::RuntimeOptions generic;
  generic.set_config_body(
      "SystemdCgroup = true\nRoot = \"/run/r\" # where\nBinaryName='/usr/bin/crun'\n");
  EXPECT_EQ(parse_options(any_of("type.googleapis.com/runtimeoptions.v1.Options",
                                 generic.SerializeAsString())),
            expected);
}

TEST(Options, OfOtherTypesOrDamagedSayNothing) {
  EXPECT_EQ(parse_options({}), RuntimeOptions());
  EXPECT_EQ(parse_options(any_of("some.Options", "\x48\x01")), RuntimeOptions());
  EXPECT_EQ(parse_options(any_of("containerd.runc.v1.Options", "\xff")), RuntimeOptions());
}

}  // namespace
}  // namespace wherry::shim
