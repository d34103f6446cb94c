#include "wasm/cache/file_identity.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "base/digest.h"
#include "base/error.h"
#include "os/file.h"

namespace wherry::wasm {
namespace {

constexpr std::int64_t kSettledSeconds = 2;  // file systems count time in ticks, some in seconds
constexpr std::size_t kMaxMountsBytes = 8u << 20;

// The n-th word, from 0, of a line whose words one space separates.
std::string_view word(std::string_view line, std::size_t n) {
  for (; n > 0; --n) {
    std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return {};
    line.remove_prefix(space + 1);
  }
  return line.substr(0, line.find(' '));
}

// What a mount is of: its options, of which "lowerdir" names the layers, and nothing else that matters here.
// proc(5), mountinfo: "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE OPTIONS".
std::optional<std::string> layers_of_mount(std::uint64_t id, pid_t process) {
  const std::string path =
      process ? fmt::format("/proc/{}/mountinfo", process) : std::string("/proc/self/mountinfo");
  const std::string mounts = os::read_file(AT_FDCWD, path, kMaxMountsBytes);
  const std::string number = std::to_string(id);
  for (std::string_view rest = mounts; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (word(line, 0) != number) continue;
    const std::size_t mark = line.find(" - ");
    if (mark == std::string_view::npos) return std::nullopt;
    const std::string_view options = word(line.substr(mark + 3), 2);
    std::string layers;
    for (std::string_view left = options; !left.empty();) {
      const std::string_view option = left.substr(0, left.find(','));
      left.remove_prefix(std::min(left.size(), option.size() + 1));
      if (option.starts_with("lowerdir") || option.starts_with("datadir")) {
        layers += option;
        layers += ',';
      }
    }
    if (layers.empty()) return std::nullopt;
    return layers;
  }
  return std::nullopt;
}

std::optional<std::string> file_system_of(int file, const struct statx& status, pid_t process) {
  struct statfs system{};
  sys([&] { return ::fstatfs(file, &system); }, "statfs");
  if (system.f_type == OVERLAYFS_SUPER_MAGIC) {
    if (!(status.stx_mask & STATX_MNT_ID)) return std::nullopt;
    return layers_of_mount(status.stx_mnt_id, process);
  }
  return fmt::format("{}:{} {}", status.stx_dev_major, status.stx_dev_minor,
                     os::read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 100));
}

}  // namespace

std::optional<FileIdentity> identify_file(int file, pid_t process) {
  struct statx status{};
  sys([&] { return ::statx(file, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &status); },
      "stat");
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (status.stx_ctime.tv_sec + kSettledSeconds > now.tv_sec) return std::nullopt;
  auto [system, problem] = outcome_of([&] { return file_system_of(file, status, process); });
  if (!system || !*system) return std::nullopt;
  return FileIdentity{
      fmt::format("{}-{}-{}-{}.{:09}-{}.{:09}", digest_of(as_bytes(**system)).hex().substr(0, 32),
                  status.stx_ino, status.stx_size, status.stx_mtime.tv_sec,
                  status.stx_mtime.tv_nsec, status.stx_ctime.tv_sec, status.stx_ctime.tv_nsec)};
}

}  // namespace wherry::wasm
