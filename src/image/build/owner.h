// --chown and --chmod: who owns what is copied, and what may be done with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "image/build/tree.h"

namespace wherry::build {

struct Owner {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;

  bool operator==(const Owner&) const = default;
};

// "user", "user:group", by name or number. Names are those of the tree's own /etc/passwd and
// /etc/group; a number alone is the group's too. Throws Error naming what is not there.
Owner parse_owner(std::string_view text, FileTree& tree);

// "755", "0644", or "u=rwX,go=rX" as chmod(1) has it.
class ModeChange {
 public:
  // Throws Error InvalidArgument.
  explicit ModeChange(std::string_view text);

  std::uint32_t apply(std::uint32_t mode, bool is_directory) const;

 private:
  struct Clause {
    std::uint32_t who;  // bits of mode that the clause may change
    char operation;     // '=', '+', '-'
    std::uint32_t bits;
    bool execute_if_useful;  // 'X'
  };
  std::optional<std::uint32_t> absolute_;
  std::vector<Clause> clauses_;
};

}  // namespace wherry::build
