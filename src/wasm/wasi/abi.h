// The numbers of WASI preview 1 as a guest sees them: error codes, rights, flags, file types.
//
// Source: the witx description of wasi_snapshot_preview1. Layouts of structures in guest memory are
// written out where they are read or written; nothing here is laid over guest memory.
#pragma once

#include <cstdint>
#include <string_view>

namespace wherry::wasi {

enum class Errno : std::uint16_t {
#define WASI_ERRNO(name, number, host) name = number,
#include "wasm/wasi/errno.def"
#undef WASI_ERRNO
};

// What an errno value of the kernel means to a guest; Io for one that preview 1 has no word for.
Errno errno_of(int host) noexcept;

// For a failed look-up inside a directory: leaving it (EXDEV from openat2) is Notcapable.
Errno errno_of_lookup(int host) noexcept;

// "Success", "Notcapable": as errno.def writes them.
std::string_view to_string(Errno error) noexcept;

enum class Filetype : std::uint8_t {
  Unknown = 0,
  BlockDevice = 1,
  CharacterDevice = 2,
  Directory = 3,
  RegularFile = 4,
  SocketDatagram = 5,
  SocketStream = 6,
  SymbolicLink = 7,
};

using Rights = std::uint64_t;

namespace rights {
inline constexpr Rights kFdDatasync = Rights{1} << 0;
inline constexpr Rights kFdRead = Rights{1} << 1;
inline constexpr Rights kFdSeek = Rights{1} << 2;
inline constexpr Rights kFdFdstatSetFlags = Rights{1} << 3;
inline constexpr Rights kFdSync = Rights{1} << 4;
inline constexpr Rights kFdTell = Rights{1} << 5;
inline constexpr Rights kFdWrite = Rights{1} << 6;
inline constexpr Rights kFdAdvise = Rights{1} << 7;
inline constexpr Rights kFdAllocate = Rights{1} << 8;
inline constexpr Rights kPathCreateDirectory = Rights{1} << 9;
inline constexpr Rights kPathCreateFile = Rights{1} << 10;
inline constexpr Rights kPathLinkSource = Rights{1} << 11;
inline constexpr Rights kPathLinkTarget = Rights{1} << 12;
inline constexpr Rights kPathOpen = Rights{1} << 13;
inline constexpr Rights kFdReaddir = Rights{1} << 14;
inline constexpr Rights kPathReadlink = Rights{1} << 15;
inline constexpr Rights kPathRenameSource = Rights{1} << 16;
inline constexpr Rights kPathRenameTarget = Rights{1} << 17;
inline constexpr Rights kPathFilestatGet = Rights{1} << 18;
inline constexpr Rights kPathFilestatSetSize = Rights{1} << 19;
inline constexpr Rights kPathFilestatSetTimes = Rights{1} << 20;
inline constexpr Rights kFdFilestatGet = Rights{1} << 21;
inline constexpr Rights kFdFilestatSetSize = Rights{1} << 22;
inline constexpr Rights kFdFilestatSetTimes = Rights{1} << 23;
inline constexpr Rights kPathSymlink = Rights{1} << 24;
inline constexpr Rights kPathRemoveDirectory = Rights{1} << 25;
inline constexpr Rights kPathUnlinkFile = Rights{1} << 26;
inline constexpr Rights kPollFdReadwrite = Rights{1} << 27;
inline constexpr Rights kSockShutdown = Rights{1} << 28;
inline constexpr Rights kSockAccept = Rights{1} << 29;

// What applies to each kind of descriptor. kStream is what can be read and written but has no
// position; a terminal must lack Seek and Tell, by which isatty() of wasi-libc knows it.
inline constexpr Rights kStream = kFdDatasync | kFdRead | kFdFdstatSetFlags | kFdSync | kFdWrite |
                                  kFdFilestatGet | kFdFilestatSetTimes | kPollFdReadwrite;
inline constexpr Rights kFile =
    kStream | kFdSeek | kFdTell | kFdAdvise | kFdAllocate | kFdFilestatSetSize;
inline constexpr Rights kSocket = kStream | kSockShutdown | kSockAccept;
inline constexpr Rights kDirectory =
    kFdFdstatSetFlags | kFdSync | kFdAdvise | kPathCreateDirectory | kPathCreateFile |
    kPathLinkSource | kPathLinkTarget | kPathOpen | kFdReaddir | kPathReadlink | kPathRenameSource |
    kPathRenameTarget | kPathFilestatGet | kPathFilestatSetSize | kPathFilestatSetTimes |
    kFdFilestatGet | kFdFilestatSetTimes | kPathSymlink | kPathRemoveDirectory | kPathUnlinkFile |
    kPollFdReadwrite;
inline constexpr Rights kDirectoryInheriting = kDirectory | kFile;
}  // namespace rights

namespace fdflags {
inline constexpr std::uint16_t kAppend = 1, kDsync = 2, kNonblock = 4, kRsync = 8, kSync = 16;
inline constexpr std::uint16_t kAll = 31;
}  // namespace fdflags

namespace oflags {
inline constexpr std::uint16_t kCreat = 1, kDirectory = 2, kExcl = 4, kTrunc = 8, kAll = 15;
}  // namespace oflags

namespace fstflags {
inline constexpr std::uint16_t kAtim = 1, kAtimNow = 2, kMtim = 4, kMtimNow = 8, kAll = 15;
}  // namespace fstflags

inline constexpr std::uint32_t kLookupSymlinkFollow = 1;

// Limits on what one call may ask for.
inline constexpr std::uint32_t kMaxPath = 4096;     // bytes; the kernel's PATH_MAX with its NUL
inline constexpr std::uint32_t kMaxVectors = 1024;  // the kernel's IOV_MAX
inline constexpr std::uint32_t kMaxSubscriptions = 4096;  // of one poll_oneoff

}  // namespace wherry::wasi
