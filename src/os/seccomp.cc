#include "os/seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "base/error.h"

namespace wherry::os {
namespace {

struct SystemCall {
  std::string_view name;
  int number;
};
constexpr SystemCall kSystemCalls[] = {
#define SYSTEM_CALL(name, number) {#name, number},
#include "os/system_calls.def"
#undef SYSTEM_CALL
};
static_assert(std::ranges::is_sorted(kSystemCalls, {}, &SystemCall::name));
static_assert(SYS_openat2 == 437 && SYS_read == 0, "the table is x86-64's");

constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
constexpr std::size_t kMaxShortJump = 255;

using Code = std::vector<sock_filter>;

sock_filter statement(unsigned code, std::uint32_t operand) {
  return {.code = static_cast<std::uint16_t>(code), .jt = 0, .jf = 0, .k = operand};
}
sock_filter jump(unsigned code, std::uint32_t operand, std::size_t if_true, std::size_t if_false) {
  return {.code = static_cast<std::uint16_t>(BPF_JMP | code | BPF_K),
          .jt = static_cast<std::uint8_t>(if_true),
          .jf = static_cast<std::uint8_t>(if_false),
          .k = operand};
}
sock_filter load(std::size_t offset) {
  return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
sock_filter give(SeccompAction action) { return statement(BPF_RET | BPF_K, action); }

// One test: falls out of its end where it holds, else jumps over `rest` further statements. It has
// two loads, and between them the high words decide where they differ.
Code test_code(const ArgumentTest& test, std::size_t rest) {
  const std::size_t low_at = offsetof(seccomp_data, args) + 8 * test.index;
  const auto low = static_cast<std::uint32_t>(test.value);
  const auto high = static_cast<std::uint32_t>(test.value >> 32);
  const bool masked = test.compare == Compare::MaskedEqual;
  Code code;
  auto word = [&](std::size_t at, std::uint64_t mask) {
    code.push_back(load(at));
    if (masked) {
      code.push_back(statement(BPF_ALU | BPF_AND | BPF_K, static_cast<std::uint32_t>(mask)));
    }
  };
  word(low_at + 4, test.mask >> 32);
  // What the rest of this test's code comes to, from the high words' comparison on.
  switch (test.compare) {
    case Compare::Equal:
    case Compare::MaskedEqual:
      code.push_back(jump(BPF_JEQ, high, 0, (masked ? 3u : 2u) + rest));
      word(low_at, test.mask);
      code.push_back(jump(BPF_JEQ, low, 0, rest));
      break;
    case Compare::NotEqual:
      code.push_back(jump(BPF_JEQ, high, 0, 2));
      word(low_at, test.mask);
      code.push_back(jump(BPF_JEQ, low, rest, 0));
      break;
    case Compare::Greater:
    case Compare::GreaterOrEqual:
      code.push_back(jump(BPF_JGT, high, 3, 0));
      code.push_back(jump(BPF_JEQ, high, 0, 2 + rest));
      word(low_at, test.mask);
      code.push_back(jump(test.compare == Compare::Greater ? BPF_JGT : BPF_JGE, low, 0, rest));
      break;
    case Compare::Less:
    case Compare::LessOrEqual:
      code.push_back(jump(BPF_JGT, high, 3 + rest, 0));
      code.push_back(jump(BPF_JEQ, high, 0, 2));
      word(low_at, test.mask);
      code.push_back(jump(test.compare == Compare::Less ? BPF_JGE : BPF_JGT, low, rest, 0));
      break;
  }
  return code;
}

// A rule whose tests do not all hold goes on behind itself.
Code rule_code(const SeccompRule& rule) {
  Code code = {give(rule.action)};
  for (auto test = rule.tests.rbegin(); test != rule.tests.rend(); ++test) {
    Code before = test_code(*test, code.size());
    before.insert(before.end(), code.begin(), code.end());
    code = std::move(before);
    if (code.size() > kMaxShortJump) {
      fail(ErrorKind::InvalidArgument, "a seccomp rule with too many tests of arguments");
    }
  }
  return code;
}

void add_leaf(Code& code, const std::vector<SeccompRule>& rules, SeccompAction otherwise) {
  for (const SeccompRule& rule : rules) {
    if (rule.tests.empty()) return code.push_back(give(rule.action));
    Code more = rule_code(rule);
    code.insert(code.end(), more.begin(), more.end());
    if (code.size() > BPF_MAXINSNS) break;  // refused in the end
  }
  code.push_back(give(otherwise));
}

// The calls from a number on, up to the next stretch's, have the same rules.
struct Stretch {
  std::uint32_t from;
  const std::vector<SeccompRule>* rules;
};

void add_search(Code& code, std::span<const Stretch> stretches, SeccompAction otherwise) {
  if (stretches.size() == 1) return add_leaf(code, *stretches[0].rules, otherwise);
  if (code.size() > BPF_MAXINSNS) {
    fail(ErrorKind::InvalidArgument, "the seccomp profile is longer than the kernel's {} steps",
         BPF_MAXINSNS);
  }
  const std::size_t middle = stretches.size() / 2;
  const std::size_t question = code.size();
  code.push_back({});
  add_search(code, stretches.first(middle), otherwise);
  const std::size_t below = code.size() - question - 1;
  if (below <= kMaxShortJump) {
    code[question] = jump(BPF_JGE, stretches[middle].from, below, 0);
  } else {
    code[question] = jump(BPF_JGE, stretches[middle].from, 0, 1);
    code.insert(code.begin() + static_cast<std::ptrdiff_t>(question) + 1,
                statement(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(below)));
  }
  add_search(code, stretches.subspan(middle), otherwise);
}

const std::vector<SeccompRule> kNoRules;

std::vector<Stretch> stretches_of(const SeccompPolicy& policy) {
  std::vector<Stretch> stretches;
  stretches.reserve(2 * policy.calls.size() + 1);
  auto begin = [&](std::uint32_t from, const std::vector<SeccompRule>& rules) {
    if (stretches.empty() || *stretches.back().rules != rules) stretches.push_back({from, &rules});
  };
  std::uint32_t next = 0;
  for (const SeccompCall& call : policy.calls) {
    const auto from = static_cast<std::uint32_t>(call.number);
    if (from > next) begin(next, kNoRules);
    begin(from, call.rules);
    next = from + 1;
  }
  begin(next, kNoRules);
  return stretches;
}

// The kernel's own order: KILL_PROCESS is the smallest number of those with a sign.
std::int32_t leniency(SeccompAction action) {
  return static_cast<std::int32_t>(action & SECCOMP_RET_ACTION_FULL);
}

SeccompAction stricter(SeccompAction first, SeccompAction second) {
  return leniency(first) < leniency(second) ? first : second;
}

const SeccompCall* find_call(const SeccompPolicy& policy, int number) {
  auto found = std::ranges::lower_bound(policy.calls, number, {}, &SeccompCall::number);
  return found == policy.calls.end() || found->number != number ? nullptr : &*found;
}

// The rules of a call, the last of them one that always holds.
std::vector<SeccompRule> rules_for(const SeccompPolicy& policy, int number) {
  std::vector<SeccompRule> rules;
  if (const SeccompCall* call = find_call(policy, number)) rules = call->rules;
  rules.push_back({.tests = {}, .action = policy.otherwise});
  return rules;
}

}  // namespace

std::optional<int> system_call_number(std::string_view name) {
  const SystemCall* found = std::ranges::lower_bound(kSystemCalls, name, {}, &SystemCall::name);
  if (found == std::end(kSystemCalls) || found->name != name) return std::nullopt;
  return found->number;
}

std::vector<SeccompRule>& rules_of(SeccompPolicy& policy, int number) {
  auto place = std::ranges::lower_bound(policy.calls, number, {}, &SeccompCall::number);
  if (place == policy.calls.end() || place->number != number) {
    place = policy.calls.insert(place, {.number = number, .rules = {}});
  }
  return place->rules;
}

SeccompPolicy both(const SeccompPolicy& first, const SeccompPolicy& second) {
  SeccompPolicy result;
  result.otherwise = stricter(first.otherwise, second.otherwise);
  auto add = [&](int number) {
    std::vector<SeccompRule>& rules = rules_of(result, number);
    if (!rules.empty()) return;
    for (const SeccompRule& a : rules_for(first, number)) {
      for (const SeccompRule& b : rules_for(second, number)) {
        SeccompRule rule{.tests = a.tests, .action = stricter(a.action, b.action)};
        rule.tests.insert(rule.tests.end(), b.tests.begin(), b.tests.end());
        rules.push_back(std::move(rule));
        if (b.tests.empty()) break;
      }
      if (a.tests.empty()) break;
    }
  };
  for (const SeccompCall& call : first.calls) add(call.number);
  for (const SeccompCall& call : second.calls) add(call.number);
  return result;
}

std::vector<sock_filter> compile(const SeccompPolicy& policy) {
  Code code;
  code.reserve(512);
  code.push_back(load(offsetof(seccomp_data, arch)));
  code.push_back(jump(BPF_JEQ, kArchitecture, 1, 0));
  code.push_back(give(SECCOMP_RET_KILL_PROCESS));
  code.push_back(load(offsetof(seccomp_data, nr)));
  add_search(code, stretches_of(policy), policy.otherwise);
  if (code.size() > BPF_MAXINSNS) {
    fail(ErrorKind::InvalidArgument, "the seccomp profile is longer than the kernel's {} steps",
         BPF_MAXINSNS);
  }
  return code;
}

void install_seccomp(std::span<const sock_filter> program, unsigned flags) {
  sock_fprog filter{.len = static_cast<unsigned short>(program.size()),
                    .filter = const_cast<sock_filter*>(program.data())};
  sys([&] { return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter); },
      "install the seccomp filter");
}

}  // namespace wherry::os
