#include "oci/runtime_config.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::oci {
namespace {

std::string message_of(std::string_view text) {
  try {
    parse_runtime_config(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(RuntimeConfig, ParsesTheFieldsInUse) {
  RuntimeConfig config = parse_runtime_config(R"({
    "ociVersion": "1.2.0",
    "process": {"terminal": false, "user": {"uid": 7, "gid": 8, "umask": 18, "additionalGids": [9]},
                "args": ["/a.wasm", "x"], "env": ["A=b"], "cwd": "/w", "noNewPrivileges": true,
                "capabilities": {"bounding": ["CAP_KILL"]},
                "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 18446744073709551615, "hard": 5}]},
    "root": {"path": "rootfs", "readonly": true},
    "hostname": "h",
    "mounts": [{"destination": "proc", "type": "proc", "source": "proc", "options": ["ro"]}],
    "linux": {"namespaces": [{"type": "pid"}, {"type": "network", "path": "/n"}],
              "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}],
              "maskedPaths": ["/proc/kcore"], "unknown": {"deep": []}},
    "annotations": {"k": "v"}, "hooks": null})");
  EXPECT_EQ(config.process.user.umask, 18u);
  EXPECT_EQ(config.process.args, (std::vector<std::string>{"/a.wasm", "x"}));
  EXPECT_EQ(config.process.rlimits[0].soft, ~0ull);
  EXPECT_EQ(config.mounts[0].destination, "/proc");
  EXPECT_EQ(config.linux_section.namespaces[1].path, "/n");
  EXPECT_EQ(config.linux_section.uid_mappings[0].host_id, 1000u);
  EXPECT_EQ(config.annotations.at("k"), "v");
  EXPECT_EQ(parse_runtime_config(to_json(config)), config);
}

TEST(RuntimeConfig, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(message_of(R"({"ociVersion":"1.0.0"})"), "config.json: process: expected an object");
  EXPECT_EQ(message_of(R"({"ociVersion":"2.0.0"})"),
            "config.json: ociVersion: expected version 1.x");
  EXPECT_EQ(message_of(R"({"process":{"args":"x"}})"),
            "config.json: process.args: expected an array");
  EXPECT_EQ(message_of(R"({"process":{"args":["a", 1]}})"),
            "config.json: process.args[1]: expected a string");
  EXPECT_EQ(message_of(R"({"process":{"args":["a"],"user":{"uid":-1}}})"),
            "config.json: process.user.uid: expected a number that is not negative");
  EXPECT_EQ(message_of(R"({"process":{"args":["a\u0000b"]}})"),
            "config.json: process.args[0]: expected a string without NUL");
  EXPECT_EQ(message_of(R"({"process":{"args":["a"]}})"), "config.json: root.path: expected a path");
  EXPECT_EQ(message_of("[]"), "config.json: not a JSON object");
}

TEST(RuntimeConfig, ParsesHooksAndTheTerminal) {
  RuntimeConfig config = parse_runtime_config(R"({
    "process": {"terminal": true, "consoleSize": {"height": 25, "width": 80}, "args": ["a"]},
    "root": {"path": "rootfs"},
    "hooks": {"prestart": [{"path": "/p"}],
              "createRuntime": [{"path": "/cr", "args": ["cr", "x"], "env": ["A=b"], "timeout": 7}],
              "createContainer": [{"path": "/cc"}], "startContainer": [{"path": "/sc"}],
              "poststart": [{"path": "/1"}, {"path": "/2"}], "poststop": [], "unknown": [1]}})");
  EXPECT_EQ(config.process.console_size, (RuntimeConsoleSize{.height = 25, .width = 80}));
  EXPECT_EQ(config.hooks.create_runtime[0],
            (RuntimeHook{.path = "/cr", .args = {"cr", "x"}, .env = {"A=b"}, .timeout = 7}));
  EXPECT_EQ(config.hooks.poststart[1].path, "/2");
  EXPECT_EQ(config.hooks.start_container[0].timeout, std::nullopt);
  EXPECT_EQ(parse_runtime_config(to_json(config)), config);
  auto hooks = [](const std::string& text) {
    return message_of(R"({"process":{"args":["a"]},"root":{"path":"r"},"hooks":)" + text + "}");
  };
  EXPECT_EQ(hooks(R"({"prestart":[{"path":"p"}]})"),
            "config.json: hooks.prestart[0].path: expected an absolute path");
  EXPECT_EQ(hooks(R"({"poststop":[{"path":"/p","timeout":0}]})"),
            "config.json: hooks.poststop[0].timeout: expected a number greater than zero");
  EXPECT_EQ(hooks(R"({"poststart":[{"path":"/p","timeout":-1}]})"),
            "config.json: hooks.poststart[0].timeout: expected a number that is not negative");
}

TEST(RuntimeConfig, ParsesHowAProcessIsScheduled) {
  RuntimeConfig config = parse_runtime_config(R"({"root": {"path": "r"}, "process": {"args": ["a"],
    "scheduler": {"policy": "SCHED_DEADLINE", "nice": -3, "priority": 4, "runtime": 5,
                  "deadline": 6, "period": 7, "flags": ["SCHED_FLAG_RESET_ON_FORK"]},
    "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 2},
    "execCPUAffinity": {"initial": "0", "final": "0-2,7"}}})");
  EXPECT_EQ(config.process.scheduling.scheduler,
            (RuntimeScheduler{.policy = "SCHED_DEADLINE",
                              .nice = -3,
                              .priority = 4,
                              .flags = {"SCHED_FLAG_RESET_ON_FORK"},
                              .runtime = 5,
                              .deadline = 6,
                              .period = 7}));
  EXPECT_EQ(config.process.scheduling.io_priority,
            (RuntimeIoPriority{.io_class = "IOPRIO_CLASS_BE", .priority = 2}));
  EXPECT_EQ(config.process.scheduling.exec_cpus, "0-2,7");
  EXPECT_EQ(parse_runtime_config(to_json(config)), config);
  EXPECT_EQ(message_of(R"({"process":{"args":["a"],"scheduler":{"nice":"x"}}})"),
            "config.json: process.scheduler.nice: expected a whole number");
}

TEST(RuntimeConfig, NotesWhatItOnlyKnowsByName) {
  auto parsed = [](const std::string& section) {
    return parse_runtime_config(R"({"root":{"path":"r"},"process":{"args":["a"]},"linux":)" +
                                section + "}");
  };
  RuntimeConfig config = parsed(R"({"intelRdt": {"closID": "x"}, "netDevices": {"eth0": {}}})");
  EXPECT_TRUE(config.linux_section.has_intel_rdt && config.linux_section.has_net_devices);
  EXPECT_EQ(parse_runtime_config(to_json(config)), config);
  EXPECT_EQ(parsed(R"({"intelRdt": {}, "netDevices": null})"), parsed("{}"));
}

TEST(RuntimeConfig, RefusesWhatIsNotJson) {
  EXPECT_TRUE(message_of("{").starts_with("config.json: ")) << message_of("{");
  EXPECT_EQ(message_of(std::string(100000, '[')).substr(0, 12), "config.json:");
  std::string deep = R"({"process":)" + std::string(80, '[') + std::string(80, ']') + "}";
  EXPECT_EQ(message_of(deep), "config.json: nested deeper than 64 levels");
}

}  // namespace
}  // namespace wherry::oci
