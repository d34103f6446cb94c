#include "os/landlock.h"

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "base/error.h"
#include "os/fd.h"

namespace wherry::os {
namespace {

// The kernel's structure as of version 6, which Debian 12's headers are older than.
struct Ruleset {
  std::uint64_t files;
  std::uint64_t network;
  std::uint64_t scoped;
};

constexpr std::uint64_t kIoctlDevice = std::uint64_t{1} << 15;

// What each version added: bits of files, whose names the headers may not have, and of scopes.
struct Version {
  int number;
  std::uint64_t files;
  std::uint64_t scoped;
};
constexpr Version kVersions[] = {
    {1, (std::uint64_t{1} << 13) - 1, 0},  // up to MAKE_SYM
    {2, std::uint64_t{1} << 13, 0},        // REFER
    {3, std::uint64_t{1} << 14, 0},        // TRUNCATE
    {5, kIoctlDevice, 0},
    {6, 0, 3},  // abstract sockets, signals
};
constexpr std::uint64_t kGivenUp = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                   LANDLOCK_ACCESS_FS_MAKE_BLOCK | kIoctlDevice;

}  // namespace

void give_up_file_rights(int root) {
  long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version <= 0) return;
  Ruleset handled{};
  for (const Version& known : kVersions) {
    if (known.number > version) break;
    handled.files |= known.files;
    handled.scoped |= known.scoped;
  }
  // A field the kernel does not know has to be absent or 0.
  Fd ruleset(static_cast<int>(
      sys([&] { return ::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0); },
          "make a Landlock ruleset")));
  landlock_path_beneath_attr below_root{.allowed_access = handled.files & ~kGivenUp,
                                        .parent_fd = root};
  sys(
      [&] {
        return ::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH,
                         &below_root, 0);
      },
      "add a Landlock rule");
  sys([&] { return ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0); },
      "restrict this process by Landlock");
}

}  // namespace wherry::os
