#include "base/suggest.h"

#include <algorithm>
#include <vector>

namespace wherry {
namespace {

// Optimal string alignment distance.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> rows(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) rows[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replaced = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.size()][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> names) {
  constexpr std::size_t kLongestWord = 64;
  if (word.size() > kLongestWord) return {};
  std::string_view best;
  // A third of the letters may be wrong; a second wrong one of four makes another word.
  std::size_t fewest = std::max<std::size_t>(word.size() / 3, 1);
  for (std::string_view name : names) {
    if (name.empty()) continue;
    std::size_t edits = edits_between(word, name);
    if (edits <= fewest && (best.empty() || edits < fewest) && edits < name.size()) {
      best = name;
      fewest = edits;
    }
  }
  return best;
}

}  // namespace wherry
