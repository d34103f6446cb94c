#include "image/build/owner.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "base/error.h"

namespace wherry::build {
namespace {

constexpr std::size_t kMaxAccountFileBytes = 4u << 20;

std::optional<std::uint32_t> parse_id(std::string_view text) {
  std::uint32_t id = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, id);
  // The last number means "nobody in particular" to chown(2).
  if (error != std::errc() || stop != end || id == 0xFFFF'FFFF) return std::nullopt;
  return id;
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    std::size_t end = line.find(':');
    fields.push_back(line.substr(0, end));
    if (end == line.npos) return fields;
    line.remove_prefix(end + 1);
  }
}

// Fields 2 and 3 of the account called name: uid and gid in passwd, gid and members in group.
struct Account {
  std::uint32_t id = 0;
  std::string third;
};
std::optional<Account> find_account(FileTree& tree, std::string_view file, std::string_view name) {
  std::optional<FileTree::Found> found = tree.find(file, Follow::Yes);
  if (!found || found->node->type != NodeType::File) return std::nullopt;
  std::string text =
      in_context([&] { return fmt::format("read '/{}'", file); },
                 [&] { return read_all(*found->node->content, kMaxAccountFileBytes); });
  for (std::string_view rest = text; !rest.empty();) {
    std::size_t end = std::min(rest.find('\n'), rest.size());
    std::vector<std::string_view> fields = fields_of(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (fields.size() < 4 || fields[0] != name) continue;
    if (auto id = parse_id(fields[2])) return Account{*id, std::string(fields[3])};
  }
  return std::nullopt;
}

}  // namespace

Owner parse_owner(std::string_view text, FileTree& tree) {
  std::size_t colon = text.find(':');
  std::string_view user = text.substr(0, colon);
  if (user.empty() || (colon != text.npos && colon + 1 == text.size())) {
    fail(ErrorKind::InvalidArgument, "'{}' is not USER or USER:GROUP", text);
  }
  Owner owner;
  if (auto uid = parse_id(user)) {
    owner = {*uid, *uid};
  } else {
    std::optional<Account> account = find_account(tree, "etc/passwd", user);
    if (!account) {
      fail(ErrorKind::NotFound, "no user '{}' in the stage's /etc/passwd; a number needs no entry",
           user);
    }
    owner = {account->id, parse_id(account->third).value_or(account->id)};
  }
  if (colon == text.npos) return owner;
  std::string_view group = text.substr(colon + 1);
  if (auto gid = parse_id(group)) {
    owner.gid = *gid;
  } else if (auto account = find_account(tree, "etc/group", group)) {
    owner.gid = account->id;
  } else {
    fail(ErrorKind::NotFound, "no group '{}' in the stage's /etc/group; a number needs no entry",
         group);
  }
  return owner;
}

ModeChange::ModeChange(std::string_view text) {
  auto malformed = [&] {
    fail(ErrorKind::InvalidArgument,
         "mode '{}' is neither octal such as 0755 nor symbolic such as u=rwX,go=rX", text);
  };
  if (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    std::uint32_t mode = 0;
    const char* end = text.data() + text.size();
    auto [stop, error] = std::from_chars(text.data(), end, mode, 8);
    if (error != std::errc() || stop != end || mode > 07777) malformed();
    absolute_ = mode;
    return;
  }
  while (!text.empty() || clauses_.empty()) {
    std::size_t end = std::min(text.find(','), text.size());
    std::string_view clause = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::uint32_t who = 0;
    std::size_t at = 0;
    for (; at < clause.size(); ++at) {
      if (clause[at] == 'u')
        who |= 04700;
      else if (clause[at] == 'g')
        who |= 02070;
      else if (clause[at] == 'o')
        who |= 01007;
      else if (clause[at] == 'a')
        who |= 07777;
      else
        break;
    }
    if (who == 0) who = 07777;
    if (at == clause.size() || std::string_view("=+-").find(clause[at]) == std::string_view::npos) {
      malformed();
    }
    while (at < clause.size()) {
      Clause change{who, clause[at], 0, false};
      if (std::string_view("=+-").find(clause[at++]) == std::string_view::npos) malformed();
      for (;
           at < clause.size() && std::string_view("=+-").find(clause[at]) == std::string_view::npos;
           ++at) {
        switch (clause[at]) {
          case 'r':
            change.bits |= 0444;
            break;
          case 'w':
            change.bits |= 0222;
            break;
          case 'x':
            change.bits |= 0111;
            break;
          case 'X':
            change.execute_if_useful = true;
            break;
          case 's':
            change.bits |= 06000;
            break;
          case 't':
            change.bits |= 01000;
            break;
          default:
            malformed();
        }
      }
      clauses_.push_back(change);
    }
  }
}

std::uint32_t ModeChange::apply(std::uint32_t mode, bool is_directory) const {
  if (absolute_) return *absolute_;
  for (const Clause& clause : clauses_) {
    std::uint32_t bits = clause.bits;
    if (clause.execute_if_useful && (is_directory || (mode & 0111) != 0)) bits |= 0111;
    bits &= clause.who;
    if (clause.operation == '=') mode = (mode & ~clause.who) | bits;
    if (clause.operation == '+') mode |= bits;
    if (clause.operation == '-') mode &= ~bits;
  }
  return mode;
}

}  // namespace wherry::build
