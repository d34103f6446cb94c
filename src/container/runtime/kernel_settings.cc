#include "container/runtime/kernel_settings.h"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

#include "base/error.h"
#include "container/runtime/namespaces.h"
#include "os/fd.h"

namespace wherry::container {
namespace {

void write_setting(const std::string& path, const std::string& value) {
  os::Fd file(sys([&] { return ::open(path.c_str(), O_WRONLY | O_CLOEXEC); }, "open '{}'", path));
  sys([&] { return ::write(file.get(), value.data(), value.size()); }, "write '{}' to '{}'", value,
      path);
}

// The namespace whose settings begin so.
struct Owner {
  std::string_view prefix;
  std::string_view space;
};
constexpr Owner kOwners[] = {{"net.", "network"},         {"fs.mqueue.", "ipc"},
                             {"kernel.msg", "ipc"},       {"kernel.sem", "ipc"},
                             {"kernel.shm", "ipc"},       {"kernel.auto_msgmni", "ipc"},
                             {"kernel.domainname", "uts"}};

void check_sysctl(const oci::RuntimeConfig& config, const std::string& name) {
  for (const Owner& owner : kOwners) {
    if (!name.starts_with(owner.prefix)) continue;
    if (has_namespace(config, owner.space)) return;
    fail(ErrorKind::InvalidArgument,
         "sysctl '{}' belongs to the {} namespace, of which the container has none of its own",
         name, owner.space);
  }
  fail(ErrorKind::InvalidArgument, "sysctl '{}' is the whole machine's, not a container's", name);
}

// Points separate, slashes are points within a name ("net.ipv4.conf.eth0/1.x"), or the other way round
// where a slash comes first, as sysctl(8) has it.
std::string path_of(std::string name) {
  std::size_t first = name.find_first_of("./");
  if (first != std::string::npos && name[first] == '/') return "/proc/sys/" + name;
  for (char& c : name) {
    if (c == '.') {
      c = '/';
    } else if (c == '/') {
      c = '.';
    }
  }
  return "/proc/sys/" + name;
}

void apply_sysctl(const oci::RuntimeConfig& config, const std::string& name,
                  const std::string& value) {
  std::string dotted = name;
  if (std::size_t first = name.find_first_of("./");
      first != std::string::npos && name[first] == '/') {
    std::ranges::replace(dotted, '/', '.');
  }
  check_sysctl(config, dotted);
  if (name.find("..") != std::string::npos) {
    fail(ErrorKind::InvalidArgument, "'{}' is no name of a sysctl", name);
  }
  in_context([&] { return fmt::format("set sysctl '{}'", name); },
             [&] { write_setting(path_of(name), value); });
}

// An ordinary user may make itself a likelier victim, not a less likely one: as other runtimes do, the
// wish is then let go.
void set_oom_score(std::int64_t score) {
  os::Fd file(sys([] { return ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); },
                  "open '/proc/self/oom_score_adj'"));
  std::string text = std::to_string(score);
  if (::write(file.get(), text.data(), text.size()) >= 0 || errno == EACCES || errno == EPERM) {
    return;
  }
  fail_errno(errno, "set oomScoreAdj to {}", score);
}

// In a namespace that is joined they mostly are so already, and it may be somebody else's to change.
void name_host(const std::string& host, const std::string& domain) {
  utsname now{};
  if (!(host.empty() && domain.empty())) ::uname(&now);
  if (!host.empty() && host != now.nodename) {
    sys([&] { return ::sethostname(host.data(), host.size()); }, "set the host name '{}'", host);
  }
  if (!domain.empty() && domain != now.domainname) {
    sys([&] { return ::setdomainname(domain.data(), domain.size()); }, "set the domain name '{}'",
        domain);
  }
}

}  // namespace

void apply_kernel_settings(const oci::RuntimeConfig& config) {
  name_host(config.hostname, config.domainname);
  if (config.process.oom_score_adj) set_oom_score(*config.process.oom_score_adj);
  for (const auto& [name, value] : config.linux_section.sysctl) apply_sysctl(config, name, value);
}

}  // namespace wherry::container
