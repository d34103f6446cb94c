#include "container/runtime/id_map_option.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

#include "base/error.h"

namespace wherry::container {
namespace {

using oci::RuntimeIdMapping;
using Mappings = std::vector<RuntimeIdMapping>;

// The kernel takes no more ranges of one kind.
constexpr std::size_t kMaxRanges = 340;
constexpr std::uint64_t kEnd = std::numeric_limits<std::uint32_t>::max();

// Takes what is before the separator, or all of it.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

[[noreturn]] void refuse(std::string_view range, std::string_view why) {
  fail(ErrorKind::InvalidArgument, "'{}': {}", range, why);
}

std::uint32_t number(std::string_view text, std::string_view range) {
  std::uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    refuse(range, "expected a range as in '0-1000-10', with '@' before it or not");
  }
  return value;
}

// Where the ids of the container's user namespace are in the host's, range by range.
void add_relative(const RuntimeIdMapping& wanted, const Mappings& section, std::string_view range,
                  Mappings& into) {
  for (std::uint32_t done = 0; done < wanted.size;) {
    const std::uint32_t id = wanted.host_id + done;
    auto in = std::ranges::find_if(section, [&](const RuntimeIdMapping& each) {
      return id >= each.container_id && id - each.container_id < each.size;
    });
    if (in == section.end()) {
      refuse(range, fmt::format("the container's user namespace has no id {}", id));
    }
    const std::uint32_t offset = id - in->container_id;
    const std::uint32_t count = std::min(wanted.size - done, in->size - offset);
    into.push_back({.container_id = wanted.container_id + done,
                    .host_id = in->host_id + offset,
                    .size = count});
    done += count;
  }
}

Mappings parse_ranges(std::string_view text, const Mappings& section) {
  Mappings mappings;
  do {
    const std::string_view range = take(text, '#');
    const bool relative = range.starts_with('@');
    std::string_view rest = relative ? range.substr(1) : range;
    RuntimeIdMapping mapping;
    mapping.container_id = number(take(rest, '-'), range);
    mapping.host_id = number(take(rest, '-'), range);
    mapping.size = number(rest, range);
    if (mapping.size == 0) refuse(range, "a range of no ids");
    if (mapping.container_id > kEnd - mapping.size || mapping.host_id > kEnd - mapping.size) {
      refuse(range, "there are no such ids");
    }
    if (relative) {
      add_relative(mapping, section, range, mappings);
    } else {
      mappings.push_back(mapping);
    }
    if (mappings.size() > kMaxRanges) refuse(range, "too many ranges");
  } while (!text.empty());
  return mappings;
}

}  // namespace

IdMaps parse_id_map_option(std::string_view text, const oci::RuntimeLinux& section) {
  IdMaps maps;
  do {
    std::string_view part = take(text, ';');
    const std::string_view kind = take(part, '=');
    const bool users = kind == "uids";
    if (!users && kind != "gids") {
      fail(ErrorKind::InvalidArgument, "'{}': expected 'uids=…' or 'gids=…'", kind);
    }
    Mappings& into = users ? maps.users : maps.groups;
    if (!into.empty()) fail(ErrorKind::InvalidArgument, "'{}' is there twice", kind);
    into = parse_ranges(part, users ? section.uid_mappings : section.gid_mappings);
  } while (!text.empty());
  if (maps.users.empty()) maps.users = section.uid_mappings;
  if (maps.groups.empty()) maps.groups = section.gid_mappings;
  if (maps.users.empty() || maps.groups.empty()) {
    fail(ErrorKind::InvalidArgument, "'{}' is missing, and no user namespace has them to take",
         maps.users.empty() ? "uids=…" : "gids=…");
  }
  return maps;
}

}  // namespace wherry::container
