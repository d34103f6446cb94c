#include "os/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "os/path_at.h"

namespace wherry::os {
namespace {

class FileTest : public testing::Test {
 protected:
  FileTest() : path_(testing::TempDir() + "wherry_file_" + unique_name()) {
    sys([&] { return ::mkdir(path_.c_str(), 0700); }, "mkdir");
    directory_ = Fd(sys([&] { return ::open(path_.c_str(), O_RDONLY | O_DIRECTORY); }, "open"));
  }
  ~FileTest() override {
    Fd parent(::open(testing::TempDir().c_str(), O_RDONLY | O_DIRECTORY));
    remove_all_at(parent.get(), path_.substr(path_.rfind('/') + 1));
  }

  std::string path_;
  Fd directory_;
};

TEST_F(FileTest, WhatIsReplacedIsReadBack) {
  EXPECT_FALSE(read_file_if_exists(directory_.get(), "a", 10));
  replace_file(directory_.get(), "a", "first", 0600);
  replace_file(directory_.get(), "a", "second", 0600);
  EXPECT_EQ(read_file(directory_.get(), "a", 6), "second");
  EXPECT_THROW(read_file(directory_.get(), "a", 5), Error);
  EXPECT_THROW(read_file(directory_.get(), "b", 5), Error);
}

TEST_F(FileTest, WhatIsPutIsWholeOrNotThere) {
  put_file(path_ + "/a", "first", 0600);
  put_file(path_ + "/a", "second", 0644);
  EXPECT_EQ(read_file(directory_.get(), "a", 6), "second");
  struct stat status{};
  ::stat((path_ + "/a").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0644u);
  sys([&] { return ::mkdir((path_ + "/folder").c_str(), 0700); }, "mkdir");
  auto [put, problem] = outcome_of([&] { return put_file(path_ + "/folder", "x", 0600), true; });
  EXPECT_EQ(problem, "write '" + path_ + "/folder': rename: Is a directory");
  auto count = std::distance(std::filesystem::directory_iterator(path_), {});
  EXPECT_EQ(count, 2);
}

TEST_F(FileTest, LocksExcludeEachOther) {
  auto shared = try_lock_file(directory_.get(), "lock", Lock::Shared);
  ASSERT_TRUE(shared);
  EXPECT_TRUE(try_lock_file(directory_.get(), "lock", Lock::Shared));
  EXPECT_FALSE(try_lock_file(directory_.get(), "lock", Lock::Exclusive));
  shared->reset();
  Fd alone = lock_file(directory_.get(), "lock", Lock::Exclusive);
  EXPECT_FALSE(try_lock_file(directory_.get(), "lock", Lock::Shared));
}

}  // namespace
}  // namespace wherry::os
