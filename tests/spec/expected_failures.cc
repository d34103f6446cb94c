#include "spec/expected_failures.h"

#include <fmt/core.h>

#include "base/error.h"

namespace wherry::spec {

namespace {

bool is_line_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

ExpectedFailures::ExpectedFailures(std::string_view text) {
  std::string_view last;
  for (unsigned number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() || line.starts_with('#')) continue;

    std::size_t space = line.find(' ');
    std::string_view place = line.substr(0, space);
    std::size_t colon = place.rfind(':');
    if (space == std::string_view::npos || colon == std::string_view::npos) {
      fail(ErrorKind::InvalidArgument, "line {}: expected 'file:line reason' or 'file:* reason'",
           number);
    }
    std::string_view at = place.substr(colon + 1);
    if (at != "*" && !is_line_number(at)) {
      fail(ErrorKind::InvalidArgument, "line {}: expected a line number or *, found '{}'", number,
           at);
    }
    if (place.substr(0, colon) < last) {
      fail(ErrorKind::InvalidArgument, "line {}: the files are not sorted", number);
    }
    last = place.substr(0, colon);
    auto& entries = files_[std::string(last)];
    if (!entries.emplace(at, Entry{std::string(line.substr(space + 1))}).second ||
        (entries.size() > 1 && entries.contains("*"))) {
      fail(ErrorKind::InvalidArgument, "line {}: '{}' is listed already", number, place);
    }
  }
}

std::optional<std::string> ExpectedFailures::find(const std::string& file, std::uint32_t line) {
  auto entries = files_.find(file);
  if (entries == files_.end()) return std::nullopt;
  auto entry = entries->second.find(std::to_string(line));
  if (entry == entries->second.end()) entry = entries->second.find("*");
  if (entry == entries->second.end()) return std::nullopt;
  entry->second.used = true;
  return entry->second.reason;
}

std::vector<std::string> ExpectedFailures::unused(const std::vector<std::string>& files_run) const {
  std::vector<std::string> result;
  for (const std::string& file : files_run) {
    auto entries = files_.find(file);
    if (entries == files_.end()) continue;
    for (const auto& [line, entry] : entries->second) {
      if (!entry.used) result.push_back(fmt::format("{}:{}", file, line));
    }
  }
  return result;
}

}  // namespace wherry::spec
