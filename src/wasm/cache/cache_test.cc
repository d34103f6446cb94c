#include "wasm/cache/cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/error.h"
#include "os/file.h"

namespace wherry::wasm {
namespace {

namespace fs = std::filesystem;

class CacheTest : public ::testing::Test {
 protected:
  CacheTest() : folder_(::testing::TempDir() + "cache." + os::unique_name()) {}
  ~CacheTest() override { fs::remove_all(folder_); }

  static ArtifactKey key_of(std::string_view module) {
    return {.module = digest_of(as_bytes(module)), .environment = "this machine"};
  }
  static std::vector<std::uint8_t> artifact_of(const ArtifactKey& key) {
    return write_artifact(key, ArtifactContent{});
  }
  static void put(const Cache& cache, const ArtifactKey& key) {
    Cache::Begun begun = cache.begin(key, Cache::Others::GoOn);
    ASSERT_TRUE(begun.entry);
    os::write_all(begun.entry->descriptor(), artifact_of(key));
    EXPECT_TRUE(begun.entry->commit().is_open());
  }
  std::vector<fs::path> artifacts() const {
    std::vector<fs::path> all;
    for (const auto& file : fs::directory_iterator(folder_ + "/artifacts"))
      all.push_back(file.path());
    return all;
  }
  fs::path only_artifact() const {
    auto all = artifacts();
    EXPECT_EQ(all.size(), 1u);
    return all.at(0);
  }

  std::string folder_;
  static constexpr std::uint64_t kLarge = 1u << 30;
};

TEST_F(CacheTest, WhatIsPutIsFoundByItsKeyAlone) {
  EXPECT_FALSE(Cache::open_if_exists(folder_, kLarge));
  Cache cache(folder_, kLarge);
  ArtifactKey key = key_of("a");
  EXPECT_FALSE(cache.find(key).is_open());
  put(cache, key);
  EXPECT_TRUE(cache.find(key).is_open());
  EXPECT_FALSE(cache.find(key_of("b")).is_open());
  key.environment = "another machine";
  EXPECT_FALSE(cache.find(key).is_open());
  EXPECT_TRUE(Cache::open_if_exists(folder_, kLarge)->find(key_of("a")).is_open());
  struct stat status{};
  ASSERT_EQ(::stat(only_artifact().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0400u);
  ASSERT_EQ(::stat(folder_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(CacheTest, AFileThatIsCutForeignOrNotOursIsTakenAway) {
  Cache cache(folder_, kLarge);
  const ArtifactKey key = key_of("a");
  auto breaks = [&](auto damage) {
    put(cache, key);
    const fs::path file = only_artifact();
    fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
    damage(file);
    EXPECT_FALSE(cache.find(key).is_open());
    EXPECT_TRUE(artifacts().empty());
  };
  breaks([](const fs::path& file) { fs::resize_file(file, 100); });
  breaks([](const fs::path& file) { fs::resize_file(file, fs::file_size(file) + 4096); });
  breaks([](const fs::path& file) { std::ofstream(file) << "something else"; });
  breaks([](const fs::path& file) { fs::permissions(file, fs::perms::others_write); });
  breaks([](const fs::path& file) {
    fs::rename(file, file.string() + "x");
    fs::create_symlink(file.string() + "x", file);
    fs::remove(file.string() + "x");
  });
  breaks([](const fs::path& file) {
    std::fstream stream(file, std::ios::in | std::ios::out);
    stream.seekp(30);  // in the module's digest
    stream << "zz";
  });
  if (::geteuid() == 0) {
    breaks([](const fs::path& file) { ASSERT_EQ(::chown(file.c_str(), 12345, 12345), 0); });
  }
}

TEST_F(CacheTest, AFolderOfSomebodyElseIsRefused) {
  {
    const Cache cache(folder_, kLarge);
  }
  fs::permissions(folder_, fs::perms::others_write, fs::perm_options::add);
  EXPECT_THROW(Cache(folder_, kLarge), Error);
  EXPECT_THROW((void)Cache::open_if_exists(folder_, kLarge), Error);
  fs::permissions(folder_, fs::perms::owner_all);
  fs::permissions(folder_ + "/artifacts", fs::perms::group_write, fs::perm_options::add);
  EXPECT_THROW(Cache(folder_, kLarge), Error);
  if (::geteuid() != 0) return;
  fs::permissions(folder_ + "/artifacts", fs::perms::owner_all);
  ASSERT_EQ(::chown(folder_.c_str(), 12345, 12345), 0);
  EXPECT_THROW(Cache(folder_, kLarge), Error);
}

TEST_F(CacheTest, WhatIsNoArtifactIsNotCommitted) {
  Cache cache(folder_, kLarge);
  {
    Cache::Begun begun = cache.begin(key_of("a"), Cache::Others::GoOn);
    os::write_all(begun.entry->descriptor(), artifact_of(key_of("b")));
    EXPECT_THROW(begun.entry->commit(), Error);
  }
  {
    Cache::Begun begun = cache.begin(key_of("a"), Cache::Others::GoOn);
    std::vector<std::uint8_t> cut = artifact_of(key_of("a"));
    cut.resize(cut.size() / 2);
    os::write_all(begun.entry->descriptor(), cut);
    EXPECT_THROW(begun.entry->commit(), Error);
  }
  EXPECT_TRUE(artifacts().empty());
}

TEST_F(CacheTest, OneMakesItTheOthersGoOnOrWait) {
  Cache cache(folder_, kLarge);
  const ArtifactKey key = key_of("a");
  Cache::Begun first = cache.begin(key, Cache::Others::GoOn);
  ASSERT_TRUE(first.entry);
  Cache::Begun second = cache.begin(key, Cache::Others::GoOn);
  EXPECT_FALSE(second.entry);
  EXPECT_FALSE(second.found.is_open());
  EXPECT_TRUE(cache.begin(key_of("b"), Cache::Others::GoOn).entry);

  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      Cache::Begun begun = cache.begin(key, Cache::Others::AreWaitedFor);
      if (begun.entry) {
        ++made;
        os::write_all(begun.entry->descriptor(), artifact_of(key));
        begun.entry->commit();
      } else {
        EXPECT_TRUE(begun.found.is_open());
      }
    });
  }
  first.entry.reset();  // it has failed: another one takes over
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(artifacts().size(), 1u);
}

TEST_F(CacheTest, WhoIsAskedToEndDoesNotWait) {
  Cache cache(folder_, kLarge);
  const ArtifactKey key = key_of("a");
  Cache::Begun first = cache.begin(key, Cache::Others::GoOn);
  ASSERT_TRUE(first.entry);
  sigset_t terminate;
  sigset_t before;
  ::sigemptyset(&terminate);
  ::sigaddset(&terminate, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &terminate, &before);
  ::raise(SIGTERM);
  EXPECT_THROW(cache.begin(key, Cache::Others::AreWaitedFor), Error);
  int taken = 0;
  EXPECT_EQ(::sigwait(&terminate, &taken), 0) << "the signal is still there";
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(CacheTest, WhatAKilledProcessLeftIsTakenOver) {
  Cache cache(folder_, kLarge);
  const ArtifactKey key = key_of("a");
  const pid_t child = ::fork();
  if (child == 0) {
    Cache::Begun begun = cache.begin(key, Cache::Others::GoOn);
    os::write_all(begun.entry->descriptor(), as_bytes("half of an artifact"));
    ::_exit(0);  // without a destructor
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(artifacts().size(), 1u);
  EXPECT_FALSE(cache.find(key).is_open());
  put(cache, key);
  EXPECT_EQ(artifacts().size(), 1u);
}

TEST_F(CacheTest, TheLongestUnusedGoesFirst) {
  const std::uint64_t size = artifact_of(key_of("a")).size();
  Cache cache(folder_, 3 * std::max<std::uint64_t>(size, 4096));
  auto age = [&](const ArtifactKey& key, time_t when) {
    const timespec times[2] = {{.tv_sec = when, .tv_nsec = 0}, {.tv_sec = when, .tv_nsec = 0}};
    os::Fd file = cache.find(key);
    ASSERT_EQ(::futimens(file.get(), times), 0);
  };
  for (const char* name : {"a", "b", "c"}) put(cache, key_of(name));
  age(key_of("a"), 1000);
  age(key_of("b"), 2000);
  age(key_of("c"), 3000);
  EXPECT_TRUE(cache.find(key_of("a")).is_open());  // which is a use
  put(cache, key_of("d"));
  EXPECT_TRUE(cache.find(key_of("a")).is_open());
  EXPECT_FALSE(cache.find(key_of("b")).is_open());
  EXPECT_TRUE(cache.find(key_of("c")).is_open());
  EXPECT_TRUE(cache.find(key_of("d")).is_open());
  // One that alone is larger stays until there is a newer one.
  Cache small(folder_, 1);
  put(small, key_of("e"));
  EXPECT_EQ(artifacts().size(), 1u);
  EXPECT_TRUE(small.find(key_of("e")).is_open());
}

TEST_F(CacheTest, ALargeModuleIsReadOnce) {
  Cache cache(folder_, kLarge);
  const std::string path = folder_ + "/module";
  std::string bytes(1u << 20, 'x');
  std::ofstream(path) << bytes;
  auto digest = [&] {
    os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return module_digest(cache, file.get(), 0, kLarge);
  };
  auto remembered = [&] {
    return std::distance(fs::directory_iterator(folder_ + "/digests"), fs::directory_iterator());
  };
  EXPECT_EQ(digest(), digest_of(as_bytes(bytes)));
  EXPECT_EQ(remembered(), 0);  // just written: a second change may bear the same time
  os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(identify_file(file.get(), 0));
  ::sleep(3);
  const auto identity = identify_file(file.get(), 0);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity, identify_file(file.get(), ::getpid()));
  EXPECT_EQ(digest(), digest_of(as_bytes(bytes)));
  EXPECT_EQ(remembered(), 1);
  EXPECT_EQ(cache.digest_of(*identity), digest_of(as_bytes(bytes)));
  EXPECT_EQ(digest(), digest_of(as_bytes(bytes)));
  // Another content of the same length and with the same time of its change.
  const auto written = fs::last_write_time(path);
  bytes[0] = 'y';
  std::ofstream(path) << bytes;
  fs::last_write_time(path, written);
  EXPECT_EQ(digest(), digest_of(as_bytes(bytes)));
  EXPECT_THROW(module_digest(cache, file.get(), 0, 100), Error);
}

}  // namespace
}  // namespace wherry::wasm
