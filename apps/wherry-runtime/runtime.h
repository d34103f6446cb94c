// What a verb of wherry-runtime is given, and the table of verbs. Verbs are one function each, grouped
// by file; they read their own options with cli/term/args.h and return the exit status.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/term/args.h"
#include "container/runtime/container.h"

namespace wherry::runtime {

// The options before the verb.
struct Globals {
  std::string root;
  std::string log;  // a file that errors are appended to; empty for none
  std::string log_format = "text";
  bool debug = false;
  bool systemd_cgroup = false;
  std::string cgroup_manager;  // "cgroupfs", "systemd", "disabled", or empty
  std::string rootless;        // "true", "false", "auto", or empty: found out, never believed
};

struct Runtime {
  Globals globals;
  container::StateStore store;
  container::Warn warn;  // to standard error, and to the log
  char** argv;           // the process's own, which init wipes
  // All of it, and where in it the verb is: for the runtime of Linux payloads.
  std::vector<std::string> command_line;
  std::size_t verb_at;
};

using VerbArguments = std::span<const std::string>;

struct Verb {
  std::string_view name;
  std::string_view summary;
  int (*run)(Runtime& runtime, VerbArguments arguments);
};

int create(Runtime& runtime, VerbArguments arguments);
int start(Runtime& runtime, VerbArguments arguments);
int run(Runtime& runtime, VerbArguments arguments);
int kill(Runtime& runtime, VerbArguments arguments);
int delete_container(Runtime& runtime, VerbArguments arguments);
int state(Runtime& runtime, VerbArguments arguments);
int list(Runtime& runtime, VerbArguments arguments);
int exec(Runtime& runtime, VerbArguments arguments);
int pause(Runtime& runtime, VerbArguments arguments);
int resume(Runtime& runtime, VerbArguments arguments);
int update(Runtime& runtime, VerbArguments arguments);
int events(Runtime& runtime, VerbArguments arguments);
int ps(Runtime& runtime, VerbArguments arguments);
int features(Runtime& runtime, VerbArguments arguments);
int spec(Runtime& runtime, VerbArguments arguments);

// The workload of a config: a WebAssembly module. Requires: the runtime outlives it.
container::WorkloadMaker workload_maker(const Runtime& runtime);

// The options for container::Streams that create, run and exec share. What is given is complete only
// after streams_of, which requires that nothing was opened yet.
struct StreamOptions {
  std::string console_socket;
  std::string preserve_fds = "0";
};
void declare(cli::Arguments& arguments, StreamOptions& options);
container::Streams streams_of(const StreamOptions& options);

// Prints "Usage: wherry-runtime <usage>", a sentence and the options; returns 0.
int show_help(std::string_view usage, std::string_view summary, const std::string& options);

// From --systemd-cgroup and --cgroup-manager. Throws Error.
container::CgroupManager cgroup_manager(const Globals& globals);

// Writes to standard output. Throws Error.
void print(const std::string& text);

// Throws Error(NotFound).
container::StateAndRecord find(const Runtime& runtime, const std::string& id);

// The one operand of a verb. Throws UsageError.
const std::string& only_id(const std::vector<std::string>& operands, std::string_view verb);

// Appends a line to the log, as callers of runtimes read it. level: "error" or "warning".
void log_line(const Globals& globals, const char* level, const std::string& message) noexcept;

}  // namespace wherry::runtime
