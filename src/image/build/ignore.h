// .dockerignore: which files of a context the build does not see.
//
// A line is a pattern of glob.h, '#' first makes it a comment, '!' first an exception. The last
// pattern that matches a path, or a directory above it, decides.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/build/glob.h"

namespace wherry::build {

class Ignore {
 public:
  // Which patterns matched a directory: what is below it asks with this.
  using Matched = std::vector<char>;

  Ignore() = default;
  // Throws Error InvalidArgument "line N: …".
  explicit Ignore(std::string_view text);

  // Adds one pattern as a line of the file would.
  void add(std::string_view pattern);

  bool is_empty() const { return rules_.empty(); }
  // Whether anything below an ignored directory can still be wanted.
  bool has_exceptions() const { return has_exceptions_; }

  struct Verdict {
    bool ignored = false;
    Matched matched;
  };
  // `above` is the verdict's `matched` of the directory that holds path, empty for the context
  // itself.
  Verdict check(std::string_view path, const Matched& above) const;
  // The same from the context downwards.
  bool ignores(std::string_view path) const;

 private:
  struct Rule {
    Glob glob;
    bool exception;
  };
  std::vector<Rule> rules_;
  bool has_exceptions_ = false;
};

}  // namespace wherry::build
