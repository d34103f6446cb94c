#include "wasm/cache/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "os/file.h"
#include "os/interrupt.h"
#include "os/path_at.h"
#include "wasm/abi/abi.h"
#include "wasm/artifact/format.h"

namespace wherry::wasm {
namespace {

constexpr std::string_view kNew = ".new";
constexpr std::int64_t kTouchedSeconds = 60;  // how exactly it is known when an artifact was used
constexpr std::size_t kMaxDigests = 4096;
constexpr std::chrono::milliseconds kBetweenTries(50);

Digest digest_of_environment(const ArtifactKey& key) {
  return digest_of(as_bytes(key.environment));
}

std::string name_of(const ArtifactKey& key) {
  return key.module.hex() + "-" + digest_of_environment(key).hex().substr(0, 16);
}

std::string new_name_of(const ArtifactKey& key) { return "." + name_of(key) + std::string(kNew); }

bool is_own(const struct stat& status) {
  return status.st_uid == ::geteuid() && (status.st_mode & 0022) == 0;
}

bool is_for(int file, std::uint64_t size, const ArtifactKey& key) {
  namespace format = artifact_format;
  std::array<std::uint8_t, format::kHeaderBytes> header;
  const ssize_t got = ::pread(file, header.data(), header.size(), 0);
  if (got != static_cast<ssize_t>(header.size())) return false;
  const std::uint8_t* at = header.data();
  return std::memcmp(at + format::kMagicAt, format::kMagic, sizeof format::kMagic) == 0 &&
         load_little<std::uint32_t>(at + format::kVersionAt) == format::kVersion &&
         load_little<std::uint32_t>(at + format::kAbiVersionAt) == abi::kVersion &&
         load_little<std::uint64_t>(at + format::kFileBytesAt) == size &&
         std::memcmp(at + format::kModuleAt, key.module.sha256.data(), 32) == 0 &&
         std::memcmp(at + format::kEnvironmentAt, digest_of_environment(key).sha256.data(), 32) ==
             0;
}

// Throws where it is not this user's alone.
os::Fd check_folder(os::Fd folder, const std::string& path) {
  struct stat status{};
  sys([&] { return ::fstat(folder.get(), &status); }, "stat '{}'", path);
  if (!is_own(status)) {
    fail(ErrorKind::PermissionDenied,
         "the cache '{}' belongs to another user, or others may write to it", path);
  }
  return folder;
}

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

os::Fd open_below(int folder, const char* name, const std::string& path) {
  os::Fd there(::openat(folder, name, kFolderFlags));
  if (there.is_open()) return check_folder(std::move(there), path);
  if (::mkdirat(folder, name, 0700) != 0 && errno != EEXIST) {
    fail_errno(errno, "make folder '{}/{}'", path, name);
  }
  return check_folder(
      os::Fd(sys([&] { return ::openat(folder, name, kFolderFlags); }, "open '{}/{}'", path, name)),
      path);
}

os::Fd make_folder(const std::string& path) {
  const bool is_absolute = path.starts_with('/');
  os::Fd from(
      sys([&] { return ::open(is_absolute ? "/" : ".", O_PATH | O_CLOEXEC); }, "open '{}'", path));
  (void)os::make_directories(from.get(), path, 0700, os::Scope::InRoot);
  return os::Fd(sys([&] { return ::open(path.c_str(), kFolderFlags); }, "open '{}'", path));
}

struct File {
  std::string name;
  struct stat status{};
};

// What is in a folder, the longest unused first; what goes away meanwhile is left out.
std::vector<File> files_of(int folder) {
  std::vector<File> files;
  const int copy = sys([&] { return ::openat(folder, ".", kFolderFlags); }, "open a folder");
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(copy), &::closedir);
  if (!directory) fail_errno(errno, "list a folder");
  while (const dirent* entry = ::readdir(directory.get())) {
    File file{.name = entry->d_name};
    if (file.name == "." || file.name == "..") continue;
    if (::fstatat(folder, file.name.c_str(), &file.status, AT_SYMLINK_NOFOLLOW) == 0) {
      files.push_back(std::move(file));
    }
  }
  std::ranges::sort(files, [](const File& a, const File& b) {
    const timespec& left = a.status.st_mtim;
    const timespec& right = b.status.st_mtim;
    return std::tie(left.tv_sec, left.tv_nsec) < std::tie(right.tv_sec, right.tv_nsec);
  });
  return files;
}

// One that nobody is making any more.
void remove_abandoned(int folder, const std::string& name) {
  const os::Fd file(::openat(folder, name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!file.is_open() || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return;
  ::unlinkat(folder, name.c_str(), 0);
}

bool is_at(int file, int folder, const std::string& name) {
  struct stat here{};
  struct stat there{};
  return ::fstat(file, &here) == 0 &&
         ::fstatat(folder, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
         here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

}  // namespace

Cache::Cache(std::string folder, std::uint64_t max_bytes, os::Fd directory)
    : folder_(std::move(folder)), max_bytes_(max_bytes) {
  directory = check_folder(std::move(directory), folder_);
  artifacts_ = open_below(directory.get(), "artifacts", folder_);
  digests_ = open_below(directory.get(), "digests", folder_);
}

Cache::Cache(std::string folder, std::uint64_t max_bytes)
    : Cache(folder, max_bytes, make_folder(folder)) {}

std::optional<Cache> Cache::open_if_exists(std::string folder, std::uint64_t max_bytes) {
  os::Fd directory(::open(folder.c_str(), kFolderFlags));
  if (!directory.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    fail_errno(errno, "open the cache '{}'", folder);
  }
  return Cache(std::move(folder), max_bytes, std::move(directory));
}

os::Fd Cache::find(const ArtifactKey& key) const noexcept {
  const std::string name = name_of(key);
  os::Fd file(::openat(artifacts_.get(), name.c_str(),
                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.is_open() && errno != ELOOP) return {};
  struct stat status{};
  const bool is_good = file.is_open() && ::fstat(file.get(), &status) == 0 &&
                       S_ISREG(status.st_mode) && is_own(status) && status.st_nlink == 1 &&
                       is_for(file.get(), static_cast<std::uint64_t>(status.st_size), key);
  if (!is_good) {
    ::unlinkat(artifacts_.get(), name.c_str(), 0);
    return {};
  }
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (status.st_mtim.tv_sec + kTouchedSeconds < now.tv_sec) ::futimens(file.get(), nullptr);
  return file;
}

Cache::Begun Cache::begin(const ArtifactKey& key, Others others) const {
  const std::string name = new_name_of(key);
  for (;;) {
    if (os::Fd found = find(key); found.is_open()) return {.found = std::move(found), .entry = {}};
    os::Fd file(sys(
        [&] {
          return ::openat(artifacts_.get(), name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                          0600);
        },
        "make '{}' in the cache", name));
    while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (others == Others::GoOn) return {};
      if (errno != EWOULDBLOCK) fail_errno(errno, "lock '{}' in the cache", name);
      if (os::is_asked_to_end()) fail(ErrorKind::Unavailable, "interrupted");
      std::this_thread::sleep_for(kBetweenTries);
    }
    // Whoever had it may have put it in its place, or taken it away; and what he made is there to be found.
    if (!is_at(file.get(), artifacts_.get(), name)) continue;
    if (os::Fd found = find(key); found.is_open()) {
      ::unlinkat(artifacts_.get(), name.c_str(), 0);
      return {.found = std::move(found), .entry = {}};
    }
    sys([&] { return ::ftruncate(file.get(), 0); }, "empty '{}'", name);
    return {.found = {}, .entry = CacheEntry(*this, std::move(file), key)};
  }
}

CacheEntry::~CacheEntry() {
  if (file_.is_open()) ::unlinkat(cache_->artifacts_.get(), new_name_of(key_).c_str(), 0);
}

os::Fd CacheEntry::commit() {
  const std::string name = name_of(key_);
  const int folder = cache_->artifacts_.get();
  if (!is_for(file_.get(), os::file_size(file_.get()), key_)) {
    fail(ErrorKind::FailedPrecondition, "what the compiler wrote is not an artifact of the module");
  }
  sys([&] { return ::fchmod(file_.get(), 0400); }, "chmod");
  // Its contents are on disk before its name is.
  sys([&] { return ::fsync(file_.get()); }, "sync an artifact");
  sys([&] { return ::renameat(folder, new_name_of(key_).c_str(), folder, name.c_str()); },
      "rename an artifact");
  file_.reset();
  sys([&] { return ::fsync(folder); }, "sync the cache");
  cache_->trim(name);
  return cache_->find(key_);
}

void Cache::trim(const std::string& newest) const {
  (void)outcome_of([&] {
    std::vector<File> files = files_of(artifacts_.get());
    auto bytes_of = [](const File& file) {
      return static_cast<std::uint64_t>(file.status.st_blocks) * 512;
    };
    std::uint64_t total = 0;
    for (const File& file : files) total += bytes_of(file);
    for (const File& file : files) {
      if (file.name.starts_with('.')) {
        if (file.name.ends_with(kNew)) remove_abandoned(artifacts_.get(), file.name);
        continue;
      }
      if (total <= max_bytes_ || file.name == newest) continue;
      // Guests that have it mapped keep it.
      if (::unlinkat(artifacts_.get(), file.name.c_str(), 0) == 0) total -= bytes_of(file);
    }
    files = files_of(digests_.get());
    for (std::size_t i = 0; i + kMaxDigests / 2 < files.size() && files.size() > kMaxDigests; ++i) {
      ::unlinkat(digests_.get(), files[i].name.c_str(), 0);
    }
    return true;
  });
}

std::optional<os::Fd> Cache::try_take_turn() const {
  return os::try_lock_file(digests_.get(), "../turn", os::Lock::Exclusive);
}

std::optional<Digest> Cache::digest_of(const FileIdentity& identity) const noexcept {
  std::array<char, 128> text;
  const ssize_t length =
      ::readlinkat(digests_.get(), identity.text.c_str(), text.data(), text.size());
  if (length < 0) return std::nullopt;
  return parse_digest({text.data(), static_cast<std::size_t>(length)});
}

void Cache::remember(const FileIdentity& identity, const Digest& digest) const noexcept {
  std::ignore = ::symlinkat(to_string(digest).c_str(), digests_.get(), identity.text.c_str());
}

bool Cache::is_executable() const noexcept {
  struct statvfs status{};
  return ::fstatvfs(artifacts_.get(), &status) == 0 && !(status.f_flag & ST_NOEXEC);
}

Digest module_digest(const Cache& cache, int file, pid_t process, std::uint64_t max_bytes) {
  // Reading as much takes no longer than finding out which file it is.
  constexpr std::uint64_t kSmall = 256u << 10;
  const std::uint64_t size = os::file_size(file);
  if (size > max_bytes) {
    fail(ErrorKind::InvalidArgument, "{} bytes are more than the limit of {}", size, max_bytes);
  }
  const bool is_small = size <= kSmall;
  std::optional<FileIdentity> identity;
  if (!is_small) identity = identify_file(file, process);
  if (identity) {
    if (auto known = cache.digest_of(*identity)) return *known;
  }
  Sha256 digest;
  std::vector<std::uint8_t> piece(std::min<std::uint64_t>(size + 1, kSmall));
  for (off_t at = 0;;) {
    const ssize_t got =
        sys([&] { return ::pread(file, piece.data(), piece.size(), at); }, "read the module");
    if (got == 0) break;
    at += got;
    if (static_cast<std::uint64_t>(at) > max_bytes) {
      fail(ErrorKind::InvalidArgument, "it grows while it is read");
    }
    digest.update(ByteSpan(piece).first(static_cast<std::size_t>(got)));
  }
  const Digest taken = digest.finish();
  if (identity && identify_file(file, process) == identity) cache.remember(*identity, taken);
  return taken;
}

}  // namespace wherry::wasm
