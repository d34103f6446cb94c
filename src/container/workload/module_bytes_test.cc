#include "container/workload/module_bytes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/error.h"

namespace wherry::container {
namespace {

using namespace std::string_literals;

const std::string kHeader = "\0asm\1\0\0\0"s;
const std::string kTypes = "\1\4\1\x60\0\0"s;
// A custom section ".x" of twelve bytes, and one named "name" of seven.
const std::string kCustom = "\0\x0c\2.xABCDEFGHI"s;
const std::string kNames = "\0\7\4nameQR"s;

os::Fd file_of(const std::string& bytes) {
  os::Fd file(::memfd_create("module", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return file;
}

std::string text_of(const ModuleBytes& module) { return std::string(as_text(module.bytes())); }

TEST(ModuleBytes, LeavesOutOnlyWhatCustomSectionsHold) {
  ModuleBytes module(file_of(kHeader + kCustom + kTypes + kNames), 1000);
  EXPECT_EQ(text_of(module), kHeader + "\0\x0c\2.xAB\0\0\0\0\0\0\0"s + kTypes + kNames);
}

TEST(ModuleBytes, DoesNotFollowTheFile) {
  os::Fd file = file_of(kHeader + kTypes);
  ModuleBytes module(file, 1000);
  ASSERT_EQ(::pwrite(file.get(), "XXXX", 4, 8), 4);
  ASSERT_EQ(::ftruncate(file.get(), 0), 0);
  EXPECT_EQ(text_of(module), kHeader + kTypes);
}

// Nobody but its owner can write it: then it is not copied.
TEST(ModuleBytes, MapsAFileThatIsKeptOutside) {
  os::Fd file = file_of(kHeader + kTypes);
  ASSERT_EQ(::fchmod(file.get(), 0644), 0);
  ModuleBytes mapped(file, 1000, Whereabouts::Outside);
  ASSERT_EQ(::fchmod(file.get(), 0622), 0);
  ModuleBytes copied(file, 1000, Whereabouts::Outside);
  ASSERT_EQ(::pwrite(file.get(), "XXXX", 4, 8), 4);
  EXPECT_EQ(text_of(mapped).substr(8, 4), "XXXX");
  EXPECT_EQ(text_of(copied), kHeader + kTypes);
}

TEST(ModuleBytes, TakesWhatIsNoModuleAsItIs) {
  for (const std::string& bytes :
       {""s, "#!"s, "not a module at all"s, kHeader + "\1\xff\xff\xff\xff\xff\xff"s,
        kHeader + "\1\x70\1\x60"s, kHeader + "\0\3\x70zz"s, kHeader + "\0"s,
        kHeader + kTypes + "\7"s}) {
    EXPECT_EQ(text_of(ModuleBytes(file_of(bytes), 1000)), bytes);
  }
}

TEST(ModuleBytes, RefusesWhatIsTooLarge) {
  EXPECT_THROW(ModuleBytes(file_of(kHeader + kTypes), 10), Error);
}

}  // namespace
}  // namespace wherry::container
