#include "container/local/user.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/error.h"

namespace wherry::container {
namespace {

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // 2^32 - 1 means "no id" to the kernel.
  if (error != std::errc() || end != text.data() + text.size() || value == ~0u) {
    return std::nullopt;
  }
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// Calls with the fields of each line that has at least `fields` of them.
template <typename Each>
void each_line(std::string_view contents, std::size_t fields, Each&& each) {
  for (std::string_view line : split(contents, '\n')) {
    if (line.empty() || line.starts_with('#')) continue;
    std::vector<std::string_view> parts = split(line, ':');
    if (parts.size() >= fields) each(parts);
  }
}

}  // namespace

ResolvedUser resolve_user(std::string_view text, std::string_view passwd, std::string_view group) {
  std::size_t colon = text.find(':');
  std::string_view user = text.substr(0, colon);
  std::optional<std::string_view> group_text;
  if (colon != std::string_view::npos) group_text = text.substr(colon + 1);
  if (user.empty()) user = "0";

  ResolvedUser result;
  std::optional<std::uint32_t> uid = number(user);
  std::string_view name;
  bool found = false;
  // name:password:uid:gid:comment:home:shell
  each_line(passwd, 6, [&](const std::vector<std::string_view>& fields) {
    if (found || (fields[0] != user && (!uid || number(fields[2]) != uid))) return;
    found = true;
    name = fields[0];
    uid = number(fields[2]);
    result.user.gid = number(fields[3]).value_or(0);
    if (fields[5].starts_with('/')) result.home = fields[5];
  });
  if (!uid) fail(ErrorKind::NotFound, "no user '{}' in the image's /etc/passwd", user);
  result.user.uid = *uid;
  if (!found && *uid == 0) result.home = "/root";

  if (group_text) {
    std::optional<std::uint32_t> gid = number(*group_text);
    // name:password:gid:members
    each_line(group, 3, [&](const std::vector<std::string_view>& fields) {
      if (fields[0] == *group_text) gid = number(fields[2]);
    });
    if (!gid) fail(ErrorKind::NotFound, "no group '{}' in the image's /etc/group", *group_text);
    result.user.gid = *gid;
    return result;
  }
  if (name.empty()) return result;
  each_line(group, 4, [&](const std::vector<std::string_view>& fields) {
    std::vector<std::string_view> members = split(fields[3], ',');
    auto gid = number(fields[2]);
    if (gid && *gid != result.user.gid && std::ranges::find(members, name) != members.end()) {
      result.user.additional_gids.push_back(*gid);
    }
  });
  return result;
}

}  // namespace wherry::container
