#include "os/namespaces.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/error.h"
#include "os/clone.h"
#include "os/command.h"
#include "os/program.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace wherry::os {
namespace {

struct NamespaceName {
  std::string_view name;
  std::uint64_t flag;
};
constexpr NamespaceName kNamespaces[] = {
    {"user", CLONE_NEWUSER}, {"pid", CLONE_NEWPID},       {"network", CLONE_NEWNET},
    {"mount", CLONE_NEWNS},  {"ipc", CLONE_NEWIPC},       {"uts", CLONE_NEWUTS},
    {"time", CLONE_NEWTIME}, {"cgroup", CLONE_NEWCGROUP},
};

std::string one_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  std::ranges::replace(text, '\n', ',');
  return text;
}

void write_proc(pid_t pid, const char* name, const std::string& text) {
  const std::string shown = one_line(text);
  std::string path = fmt::format("/proc/{}/{}", pid, name);
  Fd file(sys([&] { return ::open(path.c_str(), O_WRONLY | O_CLOEXEC); }, "open {}", path));
  sys([&] { return ::write(file.get(), text.data(), text.size()); }, "write '{}' to {}", shown,
      path);
}

std::string map_text(std::span<const IdRange> ranges) {
  std::string text;
  for (const IdRange& range : ranges) {
    text += fmt::format("{} {} {}\n", range.inside, range.outside, range.count);
  }
  return text;
}

// Whether that id is the only one that is mapped, which its owner may do.
bool is_only(std::span<const IdRange> ranges, std::uint32_t id) {
  return ranges.empty() || (ranges.size() == 1 && ranges[0].outside == id && ranges[0].count == 1);
}

Fd open_network() {
  return Fd(sys([] { return ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC); },
                "open '/proc/self/ns/net'"));
}

// The ids that the machine has given this user are mapped by a program that has rights to (subuid(5)).
void write_map_by(const std::string& name, pid_t pid, std::span<const IdRange> ranges) {
  const char* path = ::getenv("PATH");
  auto program = find_program(name, fmt::format("{}:{}", path ? path : "", kUsualPath));
  if (!program) {
    fail(ErrorKind::NotFound, "to map other ids than one's own takes '{}', which is not installed",
         name);
  }
  Command command{.path = *program, .arguments = {name, std::to_string(pid)}};
  for (const IdRange& range : ranges) {
    for (std::uint32_t number : {range.inside, range.outside, range.count}) {
      command.arguments.push_back(std::to_string(number));
    }
  }
  const CommandResult result = run_command(command);
  if (result.status.code == 0 && result.status.signal == 0) return;
  std::string said = one_line(result.output);
  if (said.empty()) said = fmt::format("{}: it ended with {}", name, result.status.exit_code());
  fail(ErrorKind::PermissionDenied, "map ids: {}", said);
}

}  // namespace

std::optional<std::uint64_t> namespace_flag(std::string_view name) {
  for (const NamespaceName& known : kNamespaces) {
    if (known.name == name) return known.flag;
  }
  return std::nullopt;
}

std::vector<std::string> namespace_names() {
  std::vector<std::string> names;
  for (const NamespaceName& known : kNamespaces) names.emplace_back(known.name);
  return names;
}

std::uint64_t foreign_namespaces(pid_t pid) {
  struct File {
    const char* name;
    std::uint64_t flag;
  };
  constexpr File kFiles[] = {{"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},
                             {"pid", CLONE_NEWPID},   {"net", CLONE_NEWNET},
                             {"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS},
                             {"time", CLONE_NEWTIME}, {"cgroup", CLONE_NEWCGROUP}};
  std::uint64_t flags = 0;
  for (const File& file : kFiles) {
    std::string its = fmt::format("/proc/{}/ns/{}", pid, file.name);
    struct stat ours{};
    struct stat theirs{};
    // An older kernel does not have every kind.
    if (::stat((std::string("/proc/self/ns/") + file.name).c_str(), &ours) != 0) continue;
    sys([&] { return ::stat(its.c_str(), &theirs); }, "look at {}", its);
    if (ours.st_ino != theirs.st_ino) flags |= file.flag;
  }
  return flags;
}

bool in_user_namespace() {
  Fd file(::open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC));
  char text[256] = {};
  if (!file.is_open() || ::read(file.get(), text, sizeof text - 1) <= 0) return false;
  unsigned long inside = 0;
  unsigned long outside = 0;
  unsigned long count = 0;
  return std::sscanf(text, "%lu %lu %lu", &inside, &outside, &count) != 3 || inside || outside ||
         count != 4294967295;
}

void write_id_maps(pid_t pid, std::span<const IdRange> uids, std::span<const IdRange> gids) {
  const uid_t user = ::geteuid();
  if (user == 0 || is_only(uids, user)) {
    if (!uids.empty()) write_proc(pid, "uid_map", map_text(uids));
  } else {
    write_map_by("newuidmap", pid, uids);
  }
  if (user != 0 && !is_only(gids, ::getegid())) return write_map_by("newgidmap", pid, gids);
  if (gids.empty()) return;
  // The kernel wants the right to drop groups given up before an ordinary user maps one.
  if (user != 0) write_proc(pid, "setgroups", "deny");
  write_proc(pid, "gid_map", map_text(gids));
}

Fd make_user_namespace(std::span<const IdRange> uids, std::span<const IdRange> gids) {
  Child holder = clone_child(CLONE_NEWUSER, [](ParentLink& parent) {
    parent.await_parent();
    return 0;
  });
  ChildEnd end(holder.pid());
  write_id_maps(holder.pid(), uids, gids);
  const std::string path = fmt::format("/proc/{}/ns/user", holder.pid());
  return Fd(sys([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }, "open '{}'", path));
}

void bring_loopback_up() {
  Fd socket(sys([] { return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); },
                "bring the loopback device up"));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  sys([&] { return ::ioctl(socket.get(), SIOCSIFFLAGS, &request); },
      "bring the loopback device up");
}

Fd open_own_network() {
  Fd own = open_network();
  if (::setns(own.get(), CLONE_NEWNET) == 0) return own;
  if (errno == EPERM) return {};
  fail_errno(errno, "enter the own network namespace");
}

Fd make_network_namespace(const Fd& own) {
  sys([] { return ::unshare(CLONE_NEWNET); }, "make a network namespace");
  auto [made, problem] = outcome_of([&] {
    bring_loopback_up();
    return open_network();
  });
  sys([&] { return ::setns(own.get(), CLONE_NEWNET); }, "return to the own network namespace");
  if (!made) fail(ErrorKind::Internal, "{}", problem);
  return std::move(*made);
}

}  // namespace wherry::os
