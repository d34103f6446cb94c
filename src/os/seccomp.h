// Seccomp: which system calls this process may still make, decided by the kernel (seccomp(2)).
//
// A policy names what becomes of each call; it is compiled to one filter program that finds a call by
// halving, so that a policy of 400 calls costs a call no more than ten comparisons. Calls of another
// architecture (the 32-bit entry of an x86-64 kernel) end the process, whatever the policy.
// Thread safety: stateless.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace wherry::os {

// The number of a system call on this architecture; nothing for a name it does not have.
std::optional<int> system_call_number(std::string_view name);

// SECCOMP_RET_*, with its data in the low 16 bits.
using SeccompAction = std::uint32_t;

// Arguments are compared as unsigned numbers of 64 bits.
enum class Compare : std::uint8_t {
  NotEqual,
  Less,
  LessOrEqual,
  Equal,
  GreaterOrEqual,
  Greater,
  MaskedEqual,  // argument & mask == value
};
struct ArgumentTest {
  unsigned index = 0;  // below 6
  Compare compare = Compare::Equal;
  std::uint64_t value = 0;
  std::uint64_t mask = ~std::uint64_t{0};
  bool operator==(const ArgumentTest&) const = default;
};

// Holds where all its tests do; without tests, always.
struct SeccompRule {
  std::vector<ArgumentTest> tests;
  SeccompAction action = 0;
  bool operator==(const SeccompRule&) const = default;
};

struct SeccompCall {
  int number = 0;
  std::vector<SeccompRule> rules;  // the first that holds counts
};

struct SeccompPolicy {
  std::vector<SeccompCall> calls;  // by number, each once
  SeccompAction otherwise = 0;     // where no rule holds
};

// The rules of a call, made where there are none yet. For policies whose calls come in any order.
std::vector<SeccompRule>& rules_of(SeccompPolicy& policy, int number);

// What two filters, one after the other, come to: of each call the stricter action; of two refusals
// with an errno value, the second's value.
SeccompPolicy both(const SeccompPolicy& first, const SeccompPolicy& second);

// Throws Error(InvalidArgument) where the program is longer than the kernel takes.
std::vector<sock_filter> compile(const SeccompPolicy& policy);

// From now on, for this process and what comes of it. Requires: no_new_privs, or CAP_SYS_ADMIN.
// Flags are SECCOMP_FILTER_FLAG_*. Throws Error.
void install_seccomp(std::span<const sock_filter> program, unsigned flags);

}  // namespace wherry::os
