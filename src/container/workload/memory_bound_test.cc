#include "container/workload/memory_bound.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace wherry::container {
namespace {

constexpr std::uint64_t kMegabyte = 1u << 20;

class MemoryBoundTest : public testing::Test {
 protected:
  MemoryBoundTest() : file_(::memfd_create("limit", MFD_CLOEXEC)) {}
  void set(const std::string& text) {
    ASSERT_EQ(::ftruncate(file_.get(), 0), 0);
    ASSERT_EQ(::pwrite(file_.get(), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
  }
  os::Fd file() { return os::Fd(::dup(file_.get())); }

  os::Fd file_;
  wasm::Module module_;
};

TEST_F(MemoryBoundTest, FollowsTheFile) {
  set("max\n");
  MemoryBound bound(module_, file(), std::nullopt);
  EXPECT_EQ(bound.pages(), 65536u);
  set("1073741824\n");
  std::uint32_t most = bound.pages();
  EXPECT_LT(most, 16384u);
  set("2147483648\n");
  EXPECT_EQ(bound.pages(), most + 16384);
  set("4096\n");
  EXPECT_EQ(bound.pages(), 0u);
}

TEST_F(MemoryBoundTest, KeepsToTheLastThereWas) {
  MemoryBound bound(module_, os::Fd(), 1024 * kMegabyte);
  std::uint32_t most = bound.pages();
  EXPECT_GT(most, 8192u);
  EXPECT_LT(most, 16384u);
  set("no number\n");
  EXPECT_EQ(MemoryBound(module_, file(), 1024 * kMegabyte).pages() / 1024, most / 1024);
  EXPECT_EQ(MemoryBound(module_, os::Fd(), std::nullopt).pages(), 65536u);
}

TEST_F(MemoryBoundTest, GivesWhatIsAskedForAtTheStart) {
  module_.memories.push_back({.limits = {.min = 40}});
  set("4096\n");
  EXPECT_EQ(MemoryBound(module_, file(), std::nullopt).pages(), 40u);
}

}  // namespace
}  // namespace wherry::container
