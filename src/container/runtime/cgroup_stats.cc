#include "container/runtime/cgroup_stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <memory>

#include "os/fd.h"

namespace wherry::container {
namespace {

// "some avg10=0.00 avg60=0.12 avg300=0.00 total=1234"
oci::PressureStats::Line parse_line(std::string_view line) {
  oci::PressureStats::Line result;
  auto number = [&](std::string_view key, auto& into) {
    std::size_t at = line.find(key);
    if (at == line.npos) return;
    std::string_view text = line.substr(at + key.size());
    std::from_chars(text.data(), text.data() + text.size(), into);
  };
  number("avg10=", result.average_10s);
  number("avg60=", result.average_60s);
  number("avg300=", result.average_300s);
  number("total=", result.total);
  return result;
}

}  // namespace

std::uint64_t read_number(const os::CgroupFolder& folder, const std::string& file) {
  auto text = folder.read_if_exists(file);
  return text ? os::parse_cgroup_number(*text).value_or(0) : 0;
}

std::vector<std::uint16_t> read_number_list(const os::CgroupFolder& folder,
                                            const std::string& file) {
  return parse_number_list(folder.read_if_exists(file).value_or(""));
}

std::optional<oci::PressureStats> parse_pressure(std::string_view text) {
  if (!text.starts_with("some ")) return std::nullopt;
  std::size_t second = text.find("\nfull ");
  oci::PressureStats stats{.some = parse_line(text.substr(0, second))};
  if (second != text.npos) stats.full = parse_line(text.substr(second + 1));
  return stats;
}

std::vector<std::string> hugepage_sizes(const os::CgroupFolder& folder) {
  int copy = ::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return {};
  std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(copy), ::closedir);
  std::vector<std::string> sizes;
  constexpr std::string_view kPrefix = "hugetlb.";
  while (const dirent* entry = entries ? ::readdir(entries.get()) : nullptr) {
    std::string_view name = entry->d_name;
    if (!name.starts_with(kPrefix)) continue;
    name.remove_prefix(kPrefix.size());
    for (std::string_view suffix : {".usage_in_bytes", ".current"}) {
      if (!name.ends_with(suffix)) continue;
      std::string_view size = name.substr(0, name.size() - suffix.size());
      if (size.find('.') == size.npos) sizes.emplace_back(size);
    }
  }
  return sizes;
}

}  // namespace wherry::container
