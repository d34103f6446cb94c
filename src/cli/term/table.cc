#include "cli/term/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace wherry::cli {

std::string format_table(const std::vector<std::string>& headings,
                         const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const std::string& heading : headings) widths.push_back(heading.size());
  for (const auto& row : rows) {
    WHERRY_CHECK(row.size() == widths.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  auto add_line = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      line += i + 1 == cells.size() ? cells[i] : fmt::format("{:<{}}", cells[i], widths[i] + 3);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  };
  add_line(headings);
  for (const auto& row : rows) add_line(row);
  return text;
}

std::string format_size(unsigned long long bytes) {
  static constexpr std::array<const char*, 7> kUnits = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.3g}{}", value, kUnits[unit]);
}

std::string format_age(long long seconds) {
  seconds = std::max(seconds, 0LL);
  long long minutes = seconds / 60;
  long long hours = (seconds + 1800) / 3600;
  long long days = seconds / 86400;
  if (seconds < 1) return "Less than a second ago";
  if (seconds == 1) return "1 second ago";
  if (seconds < 60) return fmt::format("{} seconds ago", seconds);
  if (minutes == 1) return "About a minute ago";
  if (minutes < 60) return fmt::format("{} minutes ago", minutes);
  if (hours == 1) return "About an hour ago";
  if (hours < 48) return fmt::format("{} hours ago", hours);
  if (days < 14) return fmt::format("{} days ago", days);
  if (days < 60) return fmt::format("{} weeks ago", days / 7);
  if (days < 730) return fmt::format("{} months ago", days / 30);
  return fmt::format("{} years ago", days / 365);
}

}  // namespace wherry::cli
