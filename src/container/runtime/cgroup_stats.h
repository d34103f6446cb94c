// What the files of a group say it has used. For cgroup.cc.
#pragma once

#include <string_view>

#include "container/runtime/cgroup_limits.h"
#include "oci/runtime_stats.h"
#include "os/cgroup.h"

namespace wherry::container {

// A file that is not there leaves its numbers at nothing: kernels differ in what they count.
oci::RuntimeStats read_stats_v1(const FindFolder& find);
oci::RuntimeStats read_stats_v2(const os::CgroupFolder& folder);

// For both.
// "2MB": the sizes that a group's hugetlb files are named after.
std::vector<std::string> hugepage_sizes(const os::CgroupFolder& folder);
// A file with one number; nothing as 0.
std::uint64_t read_number(const os::CgroupFolder& folder, const std::string& file);
// A list as "0-1,4", or an empty one.
std::vector<std::uint16_t> read_number_list(const os::CgroupFolder& folder,
                                            const std::string& file);
// The pressure files.
std::optional<oci::PressureStats> parse_pressure(std::string_view text);

}  // namespace wherry::container
