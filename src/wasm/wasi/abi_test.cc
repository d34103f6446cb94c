#include "wasm/wasi/abi.h"

#include <cerrno>

#include "wasm/wasi/guest_test.h"

namespace wherry::wasi {
namespace {

TEST(Errno, MapsTheKernelsNumbers) {
  EXPECT_EQ(errno_of(0), Errno::Success);
  EXPECT_EQ(errno_of(ENOENT), Errno::Noent);
  EXPECT_EQ(errno_of(EPIPE), Errno::Pipe);
  EXPECT_EQ(errno_of(EXDEV), Errno::Xdev);
  EXPECT_EQ(errno_of(EWOULDBLOCK), Errno::Again);
  EXPECT_EQ(errno_of(ENOTSUP), Errno::Notsup);
  EXPECT_EQ(errno_of(EUCLEAN), Errno::Io);
  EXPECT_EQ(static_cast<int>(Errno::Notcapable), 76);
  EXPECT_EQ(static_cast<int>(Errno::Badf), 8);
}

TEST(Errno, LeavingADirectoryIsNotcapable) {
  EXPECT_EQ(errno_of_lookup(EXDEV), Errno::Notcapable);
  EXPECT_EQ(errno_of_lookup(ENOENT), Errno::Noent);
}

TEST(Errno, HasNames) { EXPECT_EQ(to_string(Errno::Notcapable), "Notcapable"); }

}  // namespace
}  // namespace wherry::wasi
