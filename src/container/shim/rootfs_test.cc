#include "container/shim/rootfs.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include "base/error.h"
#include "container/shim/runtime_command.h"
#include "container/shim/streams.h"

namespace wherry::shim {
namespace {

MountOptions parsed(std::vector<std::string> options) { return parse_mount_options(options); }

TEST(MountOptions, AreFlagsAndData) {
  MountOptions options =
      parsed({"rbind", "ro", "nosuid", "suid", "rprivate", "lowerdir=/a:/b", "index=off"});
  EXPECT_EQ(options.flags, MS_BIND | MS_REC | MS_RDONLY);
  EXPECT_EQ(options.propagation, MS_PRIVATE | MS_REC);
  EXPECT_EQ(options.data, "lowerdir=/a:/b,index=off");
}

TEST(MountOptions, ThatAreSomebodyElsesWorkAreRefused) {
  EXPECT_THROW(parsed({"loop"}), Error);
  EXPECT_THROW(parsed({"uidmap=0:1000:1"}), Error);
  EXPECT_THROW(parsed({"X-containerd.mkfs.fs=ext4"}), Error);
}

TEST(Overlay, OfManyLayersIsNamedFromTheirDirectory) {
  std::string data = "index=off,lowerdir=";
  std::string shorter = "index=off,lowerdir=";
  const std::string base = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots";
  for (int i = 100; i < 200; ++i) {
    if (i > 100) data += ':', shorter += ':';
    data += base + "/" + std::to_string(i) + "/fs";
    shorter += std::to_string(i) + "/fs";
  }
  EXPECT_EQ(shorten_overlay(data), base);
  EXPECT_EQ(data, shorter);
}

TEST(Overlay, OfFewLayersIsLeftAsItIs) {
  std::string data = "lowerdir=/a/1/fs:/a/2/fs,upperdir=/u,workdir=/w";
  std::string before = data;
  EXPECT_EQ(shorten_overlay(data), "");
  EXPECT_EQ(data, before);
}

TEST(StreamUri, IsReadInAllItsForms) {
  EXPECT_EQ(parse_stream_uri("/run/f"), (StreamUri{.scheme = "fifo", .path = "/run/f"}));
  EXPECT_EQ(parse_stream_uri("file:///var/log/a%20b"),
            (StreamUri{.scheme = "file", .path = "/var/log/a b"}));
  EXPECT_EQ(parse_stream_uri("binary:///usr/bin/l?_INTERNAL=%2Fvar&flag&x=1+2"),
            (StreamUri{.scheme = "binary",
                       .path = "/usr/bin/l",
                       .arguments = {"_INTERNAL", "/var", "flag", "", "x", "1 2"}}));
  EXPECT_THROW(parse_stream_uri("file://a"), Error);
  EXPECT_THROW(parse_stream_uri("file:///a%2"), Error);
  EXPECT_THROW(parse_stream_uri("file:///a%zz"), Error);
  EXPECT_THROW(parse_stream_uri("file:///a%00"), Error);
}

TEST(RuntimeLog, IsReadByDockerInRuncsWords) {
  EXPECT_EQ(in_runcs_words("`/x` not found: No such file or directory"),
            "`/x` not found: no such file or directory");
  EXPECT_EQ(in_runcs_words("open `/x`: Permission denied"), "open `/x`: permission denied");
  EXPECT_EQ(in_runcs_words("the path `/srv` is not a regular file: Operation not permitted"),
            "the path `/srv` is not a regular file: Operation not permitted: permission denied");
  EXPECT_EQ(in_runcs_words("no memory"), "no memory");
}

TEST(RuntimeLog, EndsWithTheReason) {
  EXPECT_EQ(last_message(R"({"level":"warning","msg":"odd","time":"t"}
{"level":"error","msg":"create: \"x\" is not there","time":"t"}
{"level":"info","msg":"bye"}
)"),
            "create: \"x\" is not there");
  // As crun writes it since 1.15.
  EXPECT_EQ(last_message("{\n  \"msg\": \"a {\\\"brace\",\n  \"level\": \"error\"\n}\n"),
            "a {\"brace");
  EXPECT_EQ(last_message(R"({"msg":"cut)"), "");
  EXPECT_EQ(last_message(""), "");
  EXPECT_EQ(last_message("no JSON\n[1]\n{\"msg\":3}\n"), "");
}

}  // namespace
}  // namespace wherry::shim
