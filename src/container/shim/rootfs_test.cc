#include "container/shim/rootfs.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include "base/error.h"

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

}  // namespace
}  // namespace wherry::shim
