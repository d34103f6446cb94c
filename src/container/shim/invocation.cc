#include "container/shim/invocation.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "base/error.h"

namespace wherry::shim {
namespace {

struct TextFlag {
  std::string_view name;
  std::string Invocation::* field;  // null where the value is not needed
};
constexpr std::array kTextFlags = {
    TextFlag{"namespace", &Invocation::namespace_name},
    TextFlag{"id", &Invocation::id},
    TextFlag{"address", &Invocation::address},
    TextFlag{"publish-binary", nullptr},
    TextFlag{"bundle", &Invocation::bundle},
    TextFlag{"socket", &Invocation::socket},
};

Action action_of(std::string_view word) {
  if (word == "start") return Action::Start;
  if (word == "delete") return Action::Delete;
  if (word == "serve") return Action::Serve;
  if (word == "fetch") return Action::Fetch;
  fail(ErrorKind::InvalidArgument, "unknown action '{}': it is 'start' or 'delete'", word);
}

// Go's flag package ends at the first word that is no flag.
bool is_flag(std::string_view word) { return word.size() > 1 && word[0] == '-'; }

}  // namespace

Invocation parse_invocation(std::span<const std::string> arguments) {
  Invocation invocation;
  bool acts = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view word = arguments[i];
    if (!is_flag(word)) {
      invocation.action = action_of(word);
      acts = true;
      continue;
    }
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    std::string_view name = word.substr(0, word.find('='));
    if (name == "debug") continue;
    if (name == "info" || name == "v" || name == "version") {
      invocation.action = name == "info" ? Action::Info : Action::Version;
      return invocation;
    }
    const auto* flag = std::ranges::find(kTextFlags, name, &TextFlag::name);
    if (flag == kTextFlags.end()) fail(ErrorKind::InvalidArgument, "unknown flag '-{}'", name);
    std::string_view value;
    if (name.size() < word.size()) {
      value = word.substr(name.size() + 1);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    } else {
      fail(ErrorKind::InvalidArgument, "flag '-{}' needs a value", name);
    }
    if (flag->field) invocation.*flag->field = value;
  }
  if (!acts) fail(ErrorKind::InvalidArgument, "no action given: it is 'start' or 'delete'");
  if (invocation.namespace_name.empty()) {
    fail(ErrorKind::InvalidArgument, "no namespace given: use -namespace");
  }
  if (invocation.id.empty()) fail(ErrorKind::InvalidArgument, "no id given: use -id");
  return invocation;
}

void read_environment(Invocation& invocation) {
  if (const char* address = std::getenv("TTRPC_ADDRESS")) invocation.ttrpc_address = address;
  const char* grpc = std::getenv("GRPC_ADDRESS");
  invocation.has_grpc_address = grpc && *grpc;
  if (invocation.address.empty() && grpc) invocation.address = grpc;
}

}  // namespace wherry::shim
