// An image's /etc/passwd and /etc/group, asked for a user: `user[:group]`, the two files, each after a NUL. An Error, or
// ids that mean the same where they are given as numbers.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/error.h"
#include "container/local/user.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  auto next = [&] {
    std::string_view part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    return part;
  };
  std::string_view asked = next();
  std::string_view passwd = next();
  std::string_view group = rest;
  auto [found, problem] = outcome_of([&] { return container::resolve_user(asked, passwd, group); });
  if (!found) {
    WHERRY_CHECK(!problem.empty());
    return 0;
  }
  constexpr auto kNoId = std::numeric_limits<std::uint32_t>::max();
  const oci::RuntimeUser& user = found->user;
  WHERRY_CHECK(user.uid != kNoId && user.gid != kNoId && found->home.starts_with('/'));
  for (std::uint32_t gid : user.additional_gids) WHERRY_CHECK(gid != kNoId && gid != user.gid);
  auto same = container::resolve_user(fmt::format("{}:{}", user.uid, user.gid), "", "");
  WHERRY_CHECK(same.user.uid == user.uid && same.user.gid == user.gid);
  return 0;
}
