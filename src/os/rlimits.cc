#include "os/rlimits.h"

#include <sys/resource.h>

#include "base/error.h"

namespace wherry::os {
namespace {

struct LimitName {
  std::string_view name;
  int number;
};
constexpr LimitName kLimits[] = {
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

}  // namespace

std::optional<int> rlimit_number(std::string_view name) {
  for (const LimitName& known : kLimits) {
    if (known.name == name) return known.number;
  }
  return std::nullopt;
}

void set_rlimit(int number, std::uint64_t soft, std::uint64_t hard) {
  rlimit limit{.rlim_cur = soft, .rlim_max = hard};
  sys([&] { return ::setrlimit(static_cast<__rlimit_resource>(number), &limit); },
      "set resource limit {} to {}:{}", number, soft, hard);
}

}  // namespace wherry::os
