#include <map>
#include <set>

#include "wasm/wasi/guest_test.h"

namespace wherry::wasi {
namespace {

namespace fs = std::filesystem;

struct Entry {
  u64 next;
  u64 inode;
  int type;
  std::string name;
};

// What one call gives: the entries that are there in full, and whether the buffer was filled.
struct Page {
  std::vector<Entry> entries;
  bool full;
};

Page read_page(Guest& guest, u32 fd, u64 cookie, u32 size) {
  constexpr u32 kBuffer = 0x9000;
  EXPECT_EQ(fd_readdir(guest.state(), guest.memory(), fd, kBuffer, size, cookie, 0x8000),
            Errno::Success);
  u32 used = guest.at<u32>(0x8000);
  EXPECT_LE(used, size);
  Page page{.entries = {}, .full = used == size};
  for (u32 at = 0; at + 24 <= used;) {
    u32 length = guest.at<u32>(kBuffer + at + 16);
    if (at + 24 + length > used) break;
    page.entries.push_back({guest.at<u64>(kBuffer + at), guest.at<u64>(kBuffer + at + 8),
                            guest.at<std::uint8_t>(kBuffer + at + 20),
                            guest.text(kBuffer + at + 24, length)});
    at += 24 + length;
  }
  return page;
}

// As a C library reads: grows nothing, goes on from the last entry it got in full.
std::vector<Entry> read_all(Guest& guest, u32 fd, u32 size) {
  std::vector<Entry> all;
  for (u64 cookie = 0;;) {
    Page page = read_page(guest, fd, cookie, size);
    all.insert(all.end(), page.entries.begin(), page.entries.end());
    if (!page.full || page.entries.empty()) return all;
    cookie = all.back().next;
  }
}

TEST(Readdir, GivesEveryEntryOnceWhateverTheBuffer) {
  Guest guest;
  fs::create_directory(guest.inside() / "dir");
  std::set<std::string> names = {".", ".."};
  for (int i = 0; i < 1500; ++i) {
    std::string name = "entry-with-a-name-" + std::to_string(i);
    names.insert(name);
    write_file(guest.inside() / "dir" / name, "");
  }
  u32 fd = guest.open_directory("dir");
  for (u32 size : {24u + 24u, 60u, 100u, 4096u, 20000u}) {
    std::vector<Entry> all = read_all(guest, fd, size);
    EXPECT_EQ(all.size(), names.size()) << size;
    std::set<std::string> seen;
    for (const Entry& entry : all) seen.insert(entry.name);
    EXPECT_EQ(seen, names) << size;
  }
}

TEST(Readdir, ResumesAtAnyCookieInAnyOrder) {
  Guest guest;
  for (int i = 0; i < 200; ++i) write_file(guest.inside() / ("file" + std::to_string(i)), "");
  std::vector<Entry> all = read_all(guest, 3, 20000);
  ASSERT_EQ(all.size(), 202u);
  for (std::size_t i = all.size() - 1; i > 0; i -= 7) {
    Page page = read_page(guest, 3, all[i - 1].next, 300);
    ASSERT_FALSE(page.entries.empty());
    EXPECT_EQ(page.entries[0].name, all[i].name);
    if (i < 7) break;
  }
  EXPECT_TRUE(read_page(guest, 3, all.back().next, 300).entries.empty());
}

TEST(Readdir, RewindsAtZero) {
  Guest guest;
  EXPECT_EQ(read_all(guest, 3, 4096).size(), 2u);
  write_file(guest.inside() / "new", "");
  EXPECT_EQ(read_all(guest, 3, 4096).size(), 3u);
}

TEST(Readdir, TellsKindsAndInodes) {
  Guest guest;
  write_file(guest.inside() / "file", "");
  fs::create_directory(guest.inside() / "dir");
  fs::create_symlink("file", guest.inside() / "link");
  std::map<std::string, Entry> entries;
  for (const Entry& entry : read_all(guest, 3, 4096)) entries[entry.name] = entry;
  EXPECT_EQ(entries.at("file").type, 4);
  EXPECT_EQ(entries.at("dir").type, 3);
  EXPECT_EQ(entries.at("link").type, 7);
  EXPECT_EQ(entries.at(".").type, 3);
  struct stat status;
  ASSERT_EQ(::stat((guest.inside() / "file").c_str(), &status), 0);
  EXPECT_EQ(entries.at("file").inode, status.st_ino);
  // What is above a preopen does not show.
  ASSERT_EQ(::stat(guest.inside().c_str(), &status), 0);
  EXPECT_EQ(entries.at(".").inode, status.st_ino);
  EXPECT_EQ(entries.at("..").inode, status.st_ino);
}

TEST(Readdir, SurvivesRemovalWhileReading) {
  Guest guest;
  for (int i = 0; i < 300; ++i) write_file(guest.inside() / ("file" + std::to_string(i)), "");
  std::size_t removed = 0;
  for (u64 cookie = 0;;) {
    Page page = read_page(guest, 3, cookie, 120);
    for (const Entry& entry : page.entries) {
      if (entry.name.starts_with(".")) continue;
      removed += fs::remove(guest.inside() / entry.name);
    }
    if (!page.full) break;
    cookie = page.entries.back().next;
  }
  EXPECT_EQ(removed, 300u);
}

TEST(Readdir, ChecksItsArguments) {
  Guest guest;
  EXPECT_EQ(fd_readdir(guest.state(), guest.memory(), 3, 0xfff0, 100, 0, 0x8000), Errno::Fault);
  EXPECT_EQ(fd_readdir(guest.state(), guest.memory(), 3, 0x9000, 100, 0, 0xfffe), Errno::Fault);
  EXPECT_EQ(fd_readdir(guest.state(), guest.memory(), 3, 0x9000, 100, UINT64_MAX, 0x8000),
            Errno::Inval);
  EXPECT_EQ(fd_readdir(guest.state(), guest.memory(), 3, 0x9000, 0, 0, 0x8000), Errno::Success);
  u32 file = guest.create("file");
  EXPECT_EQ(fd_readdir(guest.state(), guest.memory(), file, 0x9000, 100, 0, 0x8000), Errno::Notdir);
}

TEST(Readdir, RefusesCookiesItNeverGave) {
  Guest guest;
  for (int i = 0; i < 50; ++i) write_file(guest.inside() / ("file" + std::to_string(i)), "");
  auto readdir = [&](u64 cookie) {
    return fd_readdir(guest.state(), guest.memory(), 3, 0x9000, 60, cookie, 0x8000);
  };
  EXPECT_EQ(readdir(1), Errno::Inval);
  EXPECT_EQ(readdir(0), Errno::Success);
  EXPECT_EQ(readdir(20), Errno::Inval);
  EXPECT_EQ(readdir(1), Errno::Success);
}

TEST(Readdir, GivesCookiesThatFitThirtyOneBits) {
  Guest guest;
  for (int i = 0; i < 50; ++i) write_file(guest.inside() / ("file" + std::to_string(i)), "");
  for (const Entry& entry : read_all(guest, 3, 100)) EXPECT_LE(entry.next, 52u);
}

TEST(Readdir, OfARemovedDirectoryIsEmpty) {
  Guest guest;
  fs::create_directory(guest.inside() / "dir");
  u32 fd = guest.open_directory("dir");
  fs::remove(guest.inside() / "dir");
  EXPECT_TRUE(read_page(guest, fd, 0, 4096).entries.empty());
}

}  // namespace
}  // namespace wherry::wasi
