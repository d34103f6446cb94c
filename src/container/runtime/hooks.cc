#include "container/runtime/hooks.h"

#include "base/error.h"
#include "os/command.h"

namespace wherry::container {
namespace {

// ": <the last line>", or nothing.
std::string last_words(std::string_view output) {
  std::size_t end = output.find_last_not_of(" \t\r\n");
  if (end == std::string_view::npos) return "";
  output = output.substr(0, end + 1);
  std::size_t newline = output.find_last_of('\n');
  return ": " +
         std::string(newline == std::string_view::npos ? output : output.substr(newline + 1));
}

void run_hook(const oci::RuntimeHook& hook, std::string_view state) {
  os::Command command{.path = hook.path,
                      .arguments = hook.args,
                      .environment = hook.env,
                      .input = state,
                      .timeout = {}};
  if (command.arguments.empty()) command.arguments.push_back(hook.path);
  if (hook.timeout) command.timeout = std::chrono::seconds(*hook.timeout);
  os::CommandResult result = os::run_command(command);
  if (result.timed_out) {
    fail(ErrorKind::FailedPrecondition, "did not end within {} s{}", *hook.timeout,
         last_words(result.output));
  }
  if (result.status.signal) {
    fail(ErrorKind::FailedPrecondition, "ended by signal {}{}", result.status.signal,
         last_words(result.output));
  }
  if (result.status.code) {
    fail(ErrorKind::FailedPrecondition, "exited with code {}{}", result.status.code,
         last_words(result.output));
  }
}

void run_named(std::string_view stage, const oci::RuntimeHook& hook, std::string_view state) {
  in_context([&] { return fmt::format("{} hook '{}'", stage, hook.path); },
             [&] { run_hook(hook, state); });
}

}  // namespace

void run_hooks(std::string_view stage, const std::vector<oci::RuntimeHook>& hooks,
               std::string_view state) {
  for (const oci::RuntimeHook& hook : hooks) run_named(stage, hook, state);
}

std::vector<std::string> run_all_hooks(std::string_view stage,
                                       const std::vector<oci::RuntimeHook>& hooks,
                                       std::string_view state) {
  std::vector<std::string> failures;
  for (const oci::RuntimeHook& hook : hooks) {
    auto [done, failure] = outcome_of([&] {
      run_named(stage, hook, state);
      return true;
    });
    if (!done) failures.push_back(std::move(failure));
  }
  return failures;
}

}  // namespace wherry::container
