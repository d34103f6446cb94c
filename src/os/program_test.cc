#include "os/program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace wherry::os {
namespace {

namespace fs = std::filesystem;

class Programs : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* folder : {"a", "b"}) fs::create_directories(top_ + "/" + folder);
  }
  void TearDown() override { fs::remove_all(top_); }
  std::string make(const std::string& path, mode_t mode = 0755) {
    std::ofstream(path) << "x";
    ::chmod(path.c_str(), mode);
    return path;
  }

  std::string top_ = testing::TempDir() + "wherry-programs." + std::to_string(::getpid());
  std::string path_ = top_ + "/a:" + top_ + "/b";
};

TEST_F(Programs, AreTheFirstThatMayBeExecuted) {
  EXPECT_EQ(find_program("one", path_), std::nullopt);
  std::string second = make(top_ + "/b/one");
  EXPECT_EQ(find_program("one", path_), second);
  std::string first = make(top_ + "/a/one", 0644);
  EXPECT_EQ(find_program("one", path_), second);
  ::chmod(first.c_str(), 0755);
  EXPECT_EQ(find_program("one", path_), first);
  fs::create_directories(top_ + "/a/folder");
  EXPECT_EQ(find_program("folder", path_), std::nullopt);
}

TEST_F(Programs, AreNotOfTheWorkingDirectory) {
  make(top_ + "/one");
  make(top_ + "/a/one");
  fs::path before = fs::current_path();
  fs::current_path(top_);
  for (const char* path : {"", ":", ".", "a", "./a:", ":a", "/not/there::a:"}) {
    EXPECT_EQ(find_program("one", path), std::nullopt) << path;
  }
  EXPECT_EQ(find_program("one", ":a:" + path_), top_ + "/a/one");
  fs::current_path(before);
}

TEST_F(Programs, AreNeverThisOne) {
  fs::create_symlink("/proc/self/exe", top_ + "/a/one");
  EXPECT_FALSE(is_program(own_program()));
  EXPECT_EQ(find_program("one", path_), std::nullopt);
  std::string other = make(top_ + "/b/one");
  EXPECT_EQ(find_program("one", path_), other);
}

TEST_F(Programs, AreFoundBesideThisOne) {
  std::string name = "wherry-beside." + std::to_string(::getpid());
  EXPECT_EQ(find_program_beside(name), std::nullopt);
  std::string path = make(fs::path(own_program()).parent_path() / name);
  EXPECT_EQ(find_program_beside(name), path);
  fs::remove(path);
}

}  // namespace
}  // namespace wherry::os
