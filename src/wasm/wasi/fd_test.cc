// Descriptors: reading, writing, seeking, rights, numbers.
#include <sys/socket.h>

#include <csignal>

#include "wasm/wasi/guest_test.h"

namespace wherry::wasi {
namespace {

TEST(Files, AreWrittenSoughtAndRead) {
  Guest guest;
  u32 fd = guest.create("file");
  ASSERT_EQ(guest.write(fd, "hello world"), Errno::Success);
  EXPECT_EQ(guest.at<u32>(Guest::kScratch), 11u);
  ASSERT_EQ(fd_seek(guest.state(), guest.memory(), fd, static_cast<u64>(-5), 1, 0x8000),
            Errno::Success);
  EXPECT_EQ(guest.at<u64>(0x8000), 6u);
  std::string text;
  ASSERT_EQ(guest.read(fd, text), Errno::Success);
  EXPECT_EQ(text, "world");
  EXPECT_EQ(fd_seek(guest.state(), guest.memory(), fd, static_cast<u64>(-1), 0, 0x8000),
            Errno::Inval);
  EXPECT_EQ(fd_seek(guest.state(), guest.memory(), fd, 0, 3, 0x8000), Errno::Inval);
  ASSERT_EQ(fd_tell(guest.state(), guest.memory(), fd, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<u64>(0x8000), 11u);
}

TEST(Files, SeekFromOtherPlacesInUnstable) {
  Guest guest;
  u32 fd = guest.create("file");
  ASSERT_EQ(guest.write(fd, "0123456789"), Errno::Success);
  ASSERT_EQ(unstable::fd_seek(guest.state(), guest.memory(), fd, 3, 2, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<u64>(0x8000), 3u);
  ASSERT_EQ(unstable::fd_seek(guest.state(), guest.memory(), fd, 2, 0, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<u64>(0x8000), 5u);
  ASSERT_EQ(unstable::fd_seek(guest.state(), guest.memory(), fd, 0, 1, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<u64>(0x8000), 10u);
}

TEST(Files, AreReadAndWrittenAtOffsets) {
  Guest guest;
  u32 fd = guest.create("file");
  u32 data = guest.put("abc");
  ASSERT_EQ(fd_pwrite(guest.state(), guest.memory(), fd, guest.put_vector(data, 3), 1, 5, 0x8000),
            Errno::Success);
  ASSERT_EQ(fd_pread(guest.state(), guest.memory(), fd, guest.put_vector(0x8010, 8), 1, 4, 0x8000),
            Errno::Success);
  EXPECT_EQ(guest.at<u32>(0x8000), 4u);
  EXPECT_EQ(guest.text(0x8010, 4), std::string("\0abc", 4));
  EXPECT_EQ(fd_pread(guest.state(), guest.memory(), fd, 0, 0, UINT64_MAX, 0x8000), Errno::Inval);
}

TEST(Files, AreResizedAllocatedAndAdvised) {
  Guest guest;
  u32 fd = guest.create("file");
  EXPECT_EQ(fd_filestat_set_size(guest.state(), guest.memory(), fd, 100), Errno::Success);
  EXPECT_EQ(std::filesystem::file_size(guest.inside() / "file"), 100u);
  EXPECT_EQ(fd_filestat_set_size(guest.state(), guest.memory(), fd, UINT64_MAX), Errno::Inval);
  EXPECT_EQ(fd_allocate(guest.state(), guest.memory(), fd, UINT64_MAX, 1), Errno::Inval);
  EXPECT_EQ(fd_advise(guest.state(), guest.memory(), fd, 0, 10, 5), Errno::Success);
  EXPECT_EQ(fd_advise(guest.state(), guest.memory(), fd, 0, 10, 6), Errno::Inval);
  EXPECT_EQ(fd_sync(guest.state(), guest.memory(), fd), Errno::Success);
  EXPECT_EQ(fd_datasync(guest.state(), guest.memory(), fd), Errno::Success);
}

TEST(Vectors, AreCountedAndChecked) {
  Guest guest;
  u32 fd = guest.create("file");
  EXPECT_EQ(fd_write(guest.state(), guest.memory(), fd, 0, kMaxVectors + 1, 0x8000), Errno::Inval);
  EXPECT_EQ(fd_write(guest.state(), guest.memory(), fd, 0xfffc, 1, 0x8000), Errno::Fault);
  EXPECT_EQ(fd_write(guest.state(), guest.memory(), fd, guest.put_vector(0xffff, 2), 1, 0x8000),
            Errno::Fault);
  EXPECT_EQ(fd_write(guest.state(), guest.memory(), fd, guest.put_vector(4, 0xffffffff), 1, 0x8000),
            Errno::Fault);
  // The place of the result is checked before anything is written.
  u32 data = guest.put("x");
  EXPECT_EQ(fd_write(guest.state(), guest.memory(), fd, guest.put_vector(data, 1), 1, 0xfffd),
            Errno::Fault);
  EXPECT_EQ(std::filesystem::file_size(guest.inside() / "file"), 0u);
}

TEST(Rights, AreWhatWasAskedForAndApplies) {
  Guest guest;
  u32 reader = guest.create("file", rights::kFdRead | rights::kFdReaddir);
  EXPECT_EQ(guest.write(reader, "x"), Errno::Notcapable);
  EXPECT_EQ(fd_tell(guest.state(), guest.memory(), reader, 0x8000), Errno::Notcapable);
  ASSERT_EQ(fd_fdstat_get(guest.state(), guest.memory(), reader, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<std::uint8_t>(0x8000), 4);
  EXPECT_EQ(guest.at<u64>(0x8008), rights::kFdRead);
  EXPECT_EQ(fd_fdstat_set_rights(guest.state(), guest.memory(), reader, rights::kFdWrite, 0),
            Errno::Notcapable);
  EXPECT_EQ(fd_fdstat_set_rights(guest.state(), guest.memory(), reader, 0, 0), Errno::Success);
  std::string text;
  EXPECT_EQ(guest.read(reader, text), Errno::Notcapable);
}

TEST(Rights, AreInherited) {
  Guest guest;
  std::filesystem::create_directory(guest.inside() / "dir");
  u32 fd = 0;
  ASSERT_EQ(
      guest.open(
          "dir",
          {.flags = oflags::kDirectory, .base = rights::kPathOpen, .inheriting = rights::kFdRead},
          &fd),
      Errno::Success);
  write_file(guest.inside() / "dir/file", "text");
  EXPECT_EQ(guest.open("file", {.fd = fd, .base = rights::kFdRead}), Errno::Success);
  EXPECT_EQ(guest.open("file", {.fd = fd, .base = rights::kFdRead | rights::kFdWrite}),
            Errno::Notcapable);
  EXPECT_EQ(guest.open("new", {.fd = fd, .flags = oflags::kCreat, .base = rights::kFdRead}),
            Errno::Notcapable);
  EXPECT_EQ(guest.open("file", {.fd = fd, .flags = oflags::kTrunc, .base = rights::kFdRead}),
            Errno::Notcapable);
  EXPECT_EQ(read_file(guest.inside() / "dir/file"), "text");
  // What no descriptor can have is not refused.
  EXPECT_EQ(guest.open("file",
                       {.fd = fd, .base = rights::kFdRead | rights::kSockAccept | Rights{1} << 60}),
            Errno::Success);
}

TEST(Directories, CannotBeReadOrSought) {
  Guest guest;
  std::string text;
  EXPECT_EQ(guest.read(3, text), Errno::Isdir);
  EXPECT_EQ(guest.write(3, "x"), Errno::Isdir);
  EXPECT_EQ(fd_seek(guest.state(), guest.memory(), 3, 0, 0, 0x8000), Errno::Isdir);
  EXPECT_EQ(fd_filestat_set_size(guest.state(), guest.memory(), 3, 0), Errno::Isdir);
}

TEST(Flags, CanBeSetWhereTheKernelCan) {
  Guest guest;
  u32 fd = guest.create("file");
  ASSERT_EQ(guest.write(fd, "0123"), Errno::Success);
  ASSERT_EQ(fd_fdstat_set_flags(guest.state(), guest.memory(), fd, fdflags::kAppend),
            Errno::Success);
  ASSERT_EQ(fd_seek(guest.state(), guest.memory(), fd, 0, 0, 0x8000), Errno::Success);
  ASSERT_EQ(guest.write(fd, "45"), Errno::Success);
  EXPECT_EQ(read_file(guest.inside() / "file"), "012345");
  ASSERT_EQ(fd_fdstat_get(guest.state(), guest.memory(), fd, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<std::uint16_t>(0x8002), fdflags::kAppend);
  EXPECT_EQ(fd_fdstat_set_flags(guest.state(), guest.memory(), fd, fdflags::kSync), Errno::Notsup);
  EXPECT_EQ(fd_fdstat_set_flags(guest.state(), guest.memory(), fd, 32), Errno::Inval);
}

TEST(Numbers, AreTheLowestAndCanBeChanged) {
  Guest guest;
  u32 first = guest.create("first");
  u32 second = guest.create("second");
  EXPECT_EQ(first, 0u);  // this guest has no standard streams
  EXPECT_EQ(second, 1u);
  EXPECT_EQ(fd_renumber(guest.state(), guest.memory(), first, first), Errno::Success);
  EXPECT_EQ(fd_renumber(guest.state(), guest.memory(), first, 1000000), Errno::Badf);
  EXPECT_EQ(fd_renumber(guest.state(), guest.memory(), 0xffffffff, first), Errno::Badf);
  EXPECT_EQ(fd_renumber(guest.state(), guest.memory(), first, second), Errno::Success);
  ASSERT_EQ(guest.write(second, "moved"), Errno::Success);
  EXPECT_EQ(read_file(guest.inside() / "first"), "moved");
  EXPECT_EQ(guest.write(first, "x"), Errno::Badf);
  EXPECT_EQ(fd_close(guest.state(), guest.memory(), first), Errno::Badf);
  EXPECT_EQ(fd_close(guest.state(), guest.memory(), second), Errno::Success);
  EXPECT_EQ(fd_close(guest.state(), guest.memory(), 0xffffffff), Errno::Badf);
}

TEST(Numbers, RunOut) {
  Options options;
  options.max_descriptors = 6;
  Guest guest(os::Scope::Beneath, "/", std::move(options));
  for (int i = 0; i < 5; ++i) guest.create("file");
  EXPECT_EQ(guest.open("file", {}), Errno::Mfile);
}

TEST(Preopens, AreNamed) {
  Guest guest;
  ASSERT_EQ(fd_prestat_get(guest.state(), guest.memory(), 3, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<u32>(0x8000), 0u);
  EXPECT_EQ(guest.at<u32>(0x8004), 1u);
  EXPECT_EQ(fd_prestat_dir_name(guest.state(), guest.memory(), 3, 0x8000, 0), Errno::Nametoolong);
  ASSERT_EQ(fd_prestat_dir_name(guest.state(), guest.memory(), 3, 0x8000, 9), Errno::Success);
  EXPECT_EQ(guest.text(0x8000, 1), "/");
  EXPECT_EQ(fd_prestat_get(guest.state(), guest.memory(), 4, 0x8000), Errno::Badf);
  u32 file = guest.create("file");
  EXPECT_EQ(fd_prestat_get(guest.state(), guest.memory(), file, 0x8000), Errno::Badf);
}

TEST(Preopens, ComeAfterWhatWasGiven) {
  Options options;
  options.given.emplace_back(::open("/dev/null", O_RDWR | O_CLOEXEC));
  options.given.emplace_back(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  Guest guest(os::Scope::Beneath, "/", std::move(options));
  // No preopened directory, but none that ends the list either.
  for (u32 given : {3u, 4u}) {
    ASSERT_EQ(fd_prestat_get(guest.state(), guest.memory(), given, 0x8000), Errno::Success);
    EXPECT_EQ(guest.at<u32>(0x8000), 1u);
    EXPECT_EQ(fd_prestat_dir_name(guest.state(), guest.memory(), given, 0x8000, 9), Errno::Badf);
  }
  ASSERT_EQ(fd_prestat_get(guest.state(), guest.memory(), 5, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<u32>(0x8000), 0u);
  EXPECT_EQ(fd_prestat_get(guest.state(), guest.memory(), 6, 0x8000), Errno::Badf);
  u32 vector = guest.put_vector(0x8010, 4);
  EXPECT_EQ(fd_read(guest.state(), guest.memory(), 4, vector, 1, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<u32>(0x8000), 4u);
  EXPECT_EQ(fd_write(guest.state(), guest.memory(), 3, vector, 1, 0x8000), Errno::Success);
}

TEST(Times, AreSet) {
  Guest guest;
  u32 fd = guest.create("file");
  ASSERT_EQ(
      fd_filestat_set_times(guest.state(), guest.memory(), fd, 1'000'000'007, 2'000'000'009, 5),
      Errno::Success);
  ASSERT_EQ(fd_filestat_get(guest.state(), guest.memory(), fd, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<u64>(0x8000 + 40), 1'000'000'007u);
  EXPECT_EQ(guest.at<u64>(0x8000 + 48), 2'000'000'009u);
  EXPECT_EQ(fd_filestat_set_times(guest.state(), guest.memory(), fd, 0, 0, 3), Errno::Inval);
  EXPECT_EQ(fd_filestat_set_times(guest.state(), guest.memory(), fd, 0, 0, 12), Errno::Inval);
  EXPECT_EQ(fd_filestat_set_times(guest.state(), guest.memory(), fd, 0, 0, 16), Errno::Inval);
}

TEST(Filestat, HasBothLayouts) {
  Guest guest;
  u32 fd = guest.create("file");
  ASSERT_EQ(guest.write(fd, "12345"), Errno::Success);
  struct stat status;
  ASSERT_EQ(::stat((guest.inside() / "file").c_str(), &status), 0);
  ASSERT_EQ(fd_filestat_get(guest.state(), guest.memory(), fd, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<u64>(0x8000 + 8), status.st_ino);
  EXPECT_EQ(guest.at<std::uint8_t>(0x8000 + 16), 4);
  EXPECT_EQ(guest.at<u64>(0x8000 + 24), 1u);
  EXPECT_EQ(guest.at<u64>(0x8000 + 32), 5u);
  ASSERT_EQ(unstable::fd_filestat_get(guest.state(), guest.memory(), fd, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<u32>(0x8000 + 20), 1u);
  EXPECT_EQ(guest.at<u64>(0x8000 + 24), 5u);
  EXPECT_EQ(fd_filestat_get(guest.state(), guest.memory(), fd, 0xffc8), Errno::Fault);
}

TEST(Streams, ReportAClosedPipe) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Options options;
  options.standard_output.reset(ends[1]);
  ::close(ends[0]);
  Wasi wasi(std::move(options));  // sees to SIGPIPE
  std::vector<std::uint8_t> bytes(64);
  GuestMemory memory(bytes.data(), bytes.size());
  memory.store<u32>(8, 16);
  memory.store<u32>(12, 4);
  EXPECT_EQ(fd_write(wasi.state(), memory, 1, 8, 1, 0), Errno::Pipe);
  EXPECT_EQ(fd_write(wasi.state(), memory, 0, 8, 1, 0), Errno::Badf);
  EXPECT_EQ(fd_seek(wasi.state(), memory, 1, 0, 1, 0), Errno::Spipe);
}

TEST(Streams, ThatAreTerminalsHaveNoPosition) {
  os::Fd terminal(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal.is_open()) GTEST_SKIP() << "no /dev/ptmx here";
  Options options;
  options.standard_input = std::move(terminal);
  options.standard_output.reset(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  Guest guest(os::Scope::Beneath, "/", std::move(options));
  constexpr Rights kPosition = rights::kFdSeek | rights::kFdTell;
  ASSERT_EQ(fd_fdstat_get(guest.state(), guest.memory(), 0, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<std::uint8_t>(0x8000), 2);
  EXPECT_EQ(guest.at<u64>(0x8008) & kPosition, 0u);
  ASSERT_EQ(fd_fdstat_get(guest.state(), guest.memory(), 1, 0x8000), Errno::Success);
  EXPECT_EQ(guest.at<std::uint8_t>(0x8000), 2);
  EXPECT_EQ(guest.at<u64>(0x8008) & kPosition, kPosition);
}

}  // namespace
}  // namespace wherry::wasi
