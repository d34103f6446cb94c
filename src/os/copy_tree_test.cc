#include "os/copy_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "os/fd.h"

namespace wherry::os {
namespace {

namespace fs = std::filesystem;

class CopyTree : public testing::Test {
 protected:
  CopyTree() : root_(fs::temp_directory_path() / ("copy_tree." + std::to_string(::getpid()))) {
    fs::create_directories(root_ / "from");
    fs::create_directories(root_ / "to");
  }
  ~CopyTree() override { fs::remove_all(root_); }

  void copy() {
    Fd from(::open((root_ / "from").c_str(), O_RDONLY | O_DIRECTORY));
    Fd to(::open((root_ / "to").c_str(), O_RDONLY | O_DIRECTORY));
    copy_contents(from.get(), to.get());
  }

  fs::path root_;
};

TEST_F(CopyTree, KeepsBytesModesAndLinks) {
  fs::create_directories(root_ / "from/a/b");
  std::string text(200000, 'x');
  std::ofstream(root_ / "from/a/b/file") << text;
  fs::permissions(root_ / "from/a/b/file", fs::perms{04751});
  fs::permissions(root_ / "from/a", fs::perms{01770});
  fs::create_symlink("/etc/passwd", root_ / "from/a/outward");
  ASSERT_EQ(::mkfifo((root_ / "from/pipe").c_str(), 0640), 0);
  copy();
  std::ostringstream copied;
  copied << std::ifstream(root_ / "to/a/b/file").rdbuf();
  EXPECT_EQ(copied.str(), text);
  EXPECT_EQ(fs::status(root_ / "to/a/b/file").permissions(), fs::perms{04751});
  EXPECT_EQ(fs::status(root_ / "to/a").permissions(), fs::perms{01770});
  EXPECT_EQ(fs::read_symlink(root_ / "to/a/outward"), "/etc/passwd");
  EXPECT_TRUE(fs::is_fifo(root_ / "to/pipe"));
  EXPECT_EQ(fs::last_write_time(root_ / "to/a/b/file"),
            fs::last_write_time(root_ / "from/a/b/file"));
}

TEST_F(CopyTree, SaysWhichNameFailed) {
  std::ofstream(root_ / "from/file") << "text";
  std::ofstream(root_ / "to/file") << "already there";
  try {
    copy();
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_STREQ(error.what(), "copy 'file': create: File exists");
  }
}

}  // namespace
}  // namespace wherry::os
