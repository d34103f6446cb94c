// Aligned columns for people, as `docker images` prints them.
#pragma once

#include <string>
#include <vector>

namespace wherry::cli {

// Rows under headings, each column as wide as its widest cell, three spaces between columns, no
// spaces at the end of a line. Requires: every row has as many cells as there are headings.
std::string format_table(const std::vector<std::string>& headings,
                         const std::vector<std::vector<std::string>>& rows);

// "1.23kB", "45.6MB": three significant digits, powers of 1000.
std::string format_size(unsigned long long bytes);

// "About an hour ago", "3 days ago".
std::string format_age(long long seconds);

}  // namespace wherry::cli
