#include "container_id.h"

#include <algorithm>
#include <array>
#include <span>

namespace wherry::runtime {
namespace {

using std::string_view;

// The options with a value, of all three runtimes: any other is a flag, or has its value behind '='.
struct VerbOptions {
  string_view verb;
  string_view short_ones;  // a letter each
  std::span<const string_view> long_ones;
};

constexpr string_view kCreate[] = {"bundle",   "config",       "console-socket", "parent", "await",
                                   "pid-file", "preserve-fds", "pidfd-socket",   "module"};
constexpr string_view kExec[] = {
    "additional-gids", "apparmor",     "cap",     "cgroup",       "console-socket", "cwd", "env",
    "pid-file",        "pidfd-socket", "process", "preserve-fds", "process-label",  "user"};
constexpr string_view kCheckpoint[] = {"image-path", "work-path",   "parent-path",
                                       "status-fd",  "page-server", "manage-cgroups-mode",
                                       "empty-ns",   "network-lock"};
constexpr string_view kRestore[] = {"bundle",      "console-socket", "image-path",
                                    "work-path",   "pid-file",       "manage-cgroups-mode",
                                    "empty-ns",    "lsm-profile",    "lsm-mount-context",
                                    "preserve-fds"};
constexpr string_view kUpdate[] = {
    "resources",         "blkio-weight",  "cpu-period",      "cpu-quota",          "cpu-burst",
    "cpu-share",         "cpu-rt-period", "cpu-rt-runtime",  "cpuset-cpus",        "cpuset-mems",
    "cpu-idle",          "memory",        "memory-swap",     "memory-reservation", "kernel-memory",
    "kernel-memory-tcp", "pids-limit",    "l3-cache-schema", "mem-bw-schema"};
constexpr string_view kFormat[] = {"format"};
constexpr string_view kInterval[] = {"interval"};
constexpr string_view kRegex[] = {"regex"};
constexpr string_view kBundle[] = {"bundle"};

constexpr std::array kVerbOptions = {
    VerbOptions{"create", "bf", kCreate},  VerbOptions{"run", "bf", kCreate},
    VerbOptions{"exec", "peucg", kExec},   VerbOptions{"checkpoint", "", kCheckpoint},
    VerbOptions{"restore", "b", kRestore}, VerbOptions{"update", "r", kUpdate},
    VerbOptions{"ps", "f", kFormat},       VerbOptions{"list", "f", kFormat},
    VerbOptions{"events", "", kInterval},  VerbOptions{"delete", "", {}},
    VerbOptions{"kill", "", kRegex},       VerbOptions{"spec", "b", kBundle},
};

// Whether the word after this option is its value. Requires: word begins with '-' and is longer.
bool takes_next_word(const VerbOptions& options, string_view word) {
  if (word.starts_with("--")) {
    return word.find('=') == word.npos &&
           std::ranges::find(options.long_ones, word.substr(2)) != options.long_ones.end();
  }
  // Letters may be joined; what follows one that has a value is that.
  for (std::size_t i = 1; i < word.size(); ++i) {
    if (options.short_ones.find(word[i]) != string_view::npos) return i + 1 == word.size();
  }
  return false;
}

}  // namespace

std::optional<std::string> container_id_of(string_view verb, VerbArguments words) {
  const auto* known = std::ranges::find(kVerbOptions, verb, &VerbOptions::verb);
  VerbOptions options{.verb = verb, .short_ones = "", .long_ones = {}};
  if (known != kVerbOptions.end()) options = *known;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      return i + 1 < words.size() ? std::optional(words[i + 1]) : std::nullopt;
    }
    if (word.size() < 2 || word.front() != '-') return word;
    if (takes_next_word(options, word)) ++i;
  }
  return std::nullopt;
}

}  // namespace wherry::runtime
