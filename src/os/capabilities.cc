#include "os/capabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"

namespace wherry::os {
namespace {

// [n] is the name of capability n, without "CAP_".
constexpr std::string_view kNames[] = {
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
};

using CapData = std::array<__user_cap_data_struct, 2>;

CapabilitySet joined(std::uint32_t low, std::uint32_t high) {
  return low | static_cast<CapabilitySet>(high) << 32;
}

}  // namespace

std::optional<int> capability_number(std::string_view name) {
  if (!name.starts_with("CAP_")) return std::nullopt;
  name.remove_prefix(4);
  for (std::size_t number = 0; number < std::size(kNames); ++number) {
    if (kNames[number] == name) return static_cast<int>(number);
  }
  return std::nullopt;
}

std::vector<std::string> capability_names() {
  std::vector<std::string> names;
  for (std::string_view name : kNames) names.push_back("CAP_" + std::string(name));
  return names;
}

void limit_bounding_set(CapabilitySet keep) {
  for (int number = 0; number < 64; ++number) {
    if (keep >> number & 1) continue;
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) return;  // past the kernel's last capability
    fail_errno(errno, "drop capability {} from the bounding set", number);
  }
}

void set_capabilities(const Capabilities& wanted) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  CapData data{};
  sys([&] { return ::syscall(SYS_capget, &header, data.data()); }, "read the capabilities");
  CapabilitySet held = joined(data[0].permitted, data[1].permitted);
  CapabilitySet permitted = wanted.permitted & held;
  CapabilitySet effective = wanted.effective & permitted;
  for (unsigned word = 0; word < 2; ++word) {
    data[word].permitted = static_cast<std::uint32_t>(permitted >> (32 * word));
    data[word].effective = static_cast<std::uint32_t>(effective >> (32 * word));
    data[word].inheritable = static_cast<std::uint32_t>(wanted.inheritable >> (32 * word));
  }
  sys([] { return ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); },
      "clear the ambient capabilities");
  sys([&] { return ::syscall(SYS_capset, &header, data.data()); }, "set the capabilities");
  CapabilitySet ambient = wanted.ambient & permitted & wanted.inheritable;
  for (int number = 0; number < static_cast<int>(std::size(kNames)); ++number) {
    if (!(ambient >> number & 1)) continue;
    sys([&] { return ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0); },
        "raise an ambient capability");
  }
}

}  // namespace wherry::os
