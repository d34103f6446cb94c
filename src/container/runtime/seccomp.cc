#include "container/runtime/seccomp.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>

#include "base/error.h"

namespace wherry::container {
namespace {

using os::ArgumentTest;
using os::Compare;
using os::SeccompAction;
using os::SeccompRule;

struct ActionName {
  std::string_view name;
  SeccompAction action;
};
constexpr ActionName kActions[] = {{"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
                                   {"SCMP_ACT_LOG", SECCOMP_RET_LOG},
                                   {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO},
                                   {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE},
                                   {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
                                   {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
                                   {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
                                   {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS}};

struct CompareName {
  std::string_view name;
  Compare compare;
};
constexpr CompareName kCompares[] = {
    {"SCMP_CMP_NE", Compare::NotEqual},          {"SCMP_CMP_LT", Compare::Less},
    {"SCMP_CMP_LE", Compare::LessOrEqual},       {"SCMP_CMP_EQ", Compare::Equal},
    {"SCMP_CMP_GE", Compare::GreaterOrEqual},    {"SCMP_CMP_GT", Compare::Greater},
    {"SCMP_CMP_MASKED_EQ", Compare::MaskedEqual}};

struct FlagName {
  std::string_view name;
  unsigned flag;
};
constexpr FlagName kFlags[] = {{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
                               {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
                               {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
                               // Of use to a listener only, and there is none.
                               {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0}};

SeccompAction action_of(const std::string& name, std::optional<std::uint32_t> errno_value) {
  if (name == "SCMP_ACT_NOTIFY") {
    fail(ErrorKind::Unimplemented,
         "config.json: linux.seccomp: SCMP_ACT_NOTIFY: a guest makes no system call that somebody "
         "else could answer for it");
  }
  for (const ActionName& known : kActions) {
    if (known.name != name) continue;
    const bool has_data = known.action == SECCOMP_RET_ERRNO || known.action == SECCOMP_RET_TRACE;
    return has_data ? known.action | (errno_value.value_or(EPERM) & SECCOMP_RET_DATA)
                    : known.action;
  }
  fail(ErrorKind::InvalidArgument, "config.json: linux.seccomp: unknown action '{}'", name);
}

ArgumentTest test_of(const oci::SeccompArgument& argument) {
  constexpr unsigned kArguments = 6;
  if (argument.index >= kArguments) {
    fail(ErrorKind::InvalidArgument, "config.json: linux.seccomp: a system call has no argument {}",
         argument.index);
  }
  for (const CompareName& known : kCompares) {
    if (known.name != argument.op) continue;
    ArgumentTest test{.index = argument.index, .compare = known.compare, .value = argument.value};
    if (known.compare == Compare::MaskedEqual) {
      // In the file the value is the mask.
      test.mask = argument.value;
      test.value = argument.value_two;
    }
    return test;
  }
  fail(ErrorKind::InvalidArgument, "config.json: linux.seccomp: unknown comparison '{}'",
       argument.op);
}

// One rule, unless it names an argument twice: then its tests are alternatives, a rule each.
std::vector<SeccompRule> rules_from(const oci::SeccompCalls& calls) {
  const SeccompAction action = action_of(calls.action, calls.errno_value);
  std::vector<ArgumentTest> tests;
  std::set<std::uint32_t> indices;
  for (const oci::SeccompArgument& argument : calls.arguments) {
    tests.push_back(test_of(argument));
    indices.insert(argument.index);
  }
  if (indices.size() == tests.size()) return {{.tests = std::move(tests), .action = action}};
  std::vector<SeccompRule> rules;
  for (const ArgumentTest& test : tests) rules.push_back({.tests = {test}, .action = action});
  return rules;
}

unsigned flags_of(const oci::RuntimeSeccomp& seccomp) {
  unsigned flags = 0;
  for (const std::string& name : seccomp.flags) {
    const FlagName* found = nullptr;
    for (const FlagName& known : kFlags) {
      if (known.name == name) found = &known;
    }
    if (!found)
      fail(ErrorKind::InvalidArgument, "config.json: linux.seccomp: unknown flag '{}'", name);
    flags |= found->flag;
  }
  return flags;
}

os::SeccompPolicy configured_policy(const oci::RuntimeSeccomp& seccomp) {
  if (!seccomp.listener_path.empty()) (void)action_of("SCMP_ACT_NOTIFY", {});
  os::SeccompPolicy policy{
      .calls = {}, .otherwise = action_of(seccomp.default_action, seccomp.default_errno_value)};
  for (const oci::SeccompCalls& calls : seccomp.calls) {
    const std::vector<SeccompRule> rules = rules_from(calls);
    for (const std::string& name : calls.names) {
      auto number = os::system_call_number(name);
      if (!number) continue;
      std::vector<SeccompRule>& of_call = os::rules_of(policy, *number);
      of_call.insert(of_call.end(), rules.begin(), rules.end());
    }
  }
  return policy;
}

}  // namespace

oci::SeccompFeatures seccomp_features() {
  oci::SeccompFeatures known;
  for (const ActionName& action : kActions) known.actions.emplace_back(action.name);
  for (const CompareName& compare : kCompares) known.operators.emplace_back(compare.name);
  known.architectures = {"SCMP_ARCH_X86_64"};
  for (const FlagName& flag : kFlags) {
    known.known_flags.emplace_back(flag.name);
    if (flag.flag) known.supported_flags.emplace_back(flag.name);
  }
  return known;
}

SeccompFilter make_seccomp_filter(const std::optional<os::SeccompPolicy>& needed,
                                  const std::optional<oci::RuntimeSeccomp>& configured) {
  if (!configured) return {.program = os::compile(*needed), .flags = 0};
  os::SeccompPolicy policy = configured_policy(*configured);
  return {.program = os::compile(needed ? os::both(*needed, policy) : policy),
          .flags = flags_of(*configured)};
}

}  // namespace wherry::container
