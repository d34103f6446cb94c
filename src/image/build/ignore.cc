#include "image/build/ignore.h"

#include <algorithm>

#include "base/error.h"
#include "image/build/limits.h"

namespace wherry::build {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n\v\f";
  std::size_t first = text.find_first_not_of(kSpaces);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

}  // namespace

Ignore::Ignore(std::string_view text) {
  if (text.size() > kMaxIgnoreFileBytes) {
    fail(ErrorKind::ResourceExhausted, "holds {} bytes, more than {}", text.size(),
         kMaxIgnoreFileBytes);
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  int number = 0;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.starts_with('#')) continue;
    line = trimmed(line);
    if (line.empty()) continue;
    in_context([&] { return fmt::format("line {}", number); }, [&] { add(line); });
  }
}

void Ignore::add(std::string_view pattern) {
  if (rules_.size() == kMaxIgnorePatterns) {
    fail(ErrorKind::ResourceExhausted, "more than {} patterns", kMaxIgnorePatterns);
  }
  bool exception = pattern.starts_with('!');
  std::string_view rest = exception ? trimmed(pattern.substr(1)) : pattern;
  if (rest.empty()) fail(ErrorKind::InvalidArgument, "'!' needs a pattern after it");
  std::string clean = clean_path(rest);
  if (clean.size() > 1 && clean[0] == '/') clean.erase(0, 1);
  rules_.push_back({Glob(clean), exception});
  has_exceptions_ = has_exceptions_ || exception;
}

Ignore::Verdict Ignore::check(std::string_view path, const Matched& above) const {
  Verdict verdict;
  verdict.matched.assign(rules_.size(), 0);
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    bool match = (i < above.size() && above[i] != 0) || rules_[i].glob.matches(path);
    verdict.matched[i] = match;
    if (match) verdict.ignored = !rules_[i].exception;
  }
  return verdict;
}

bool Ignore::ignores(std::string_view path) const {
  Matched above;
  for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    above = check(path.substr(0, slash), above).matched;
  }
  return check(path, above).ignored;
}

}  // namespace wherry::build
