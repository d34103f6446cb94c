// The commands of wherry-runtime that a shim gives.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "container/shim/options.h"
#include "os/process.h"

namespace wherry::shim {

// The runtime beside this program, or in the usual directories. Throws Error(FailedPrecondition).
std::string find_runtime();

// Where the containers of a namespace are remembered.
std::string runtime_root(const RuntimeOptions& options, const std::string& namespace_name);

struct RuntimeCommand {
  std::string program;
  std::string root;
  std::string log;  // the file it says its errors in
  RuntimeOptions options;
  std::vector<std::string> words;  // the verb and what follows it
  std::vector<os::GivenDescriptor> descriptors;
};

os::SpawnPlan plan_of(const RuntimeCommand& command);

// What a command ended with: nothing where it succeeded. Its log is read and removed.
std::optional<Error> outcome(const RuntimeCommand& command, os::ExitStatus status);

// What a runtime said, so that Docker finds in it what it makes exit codes 126 and 127 of: the words of
// runc, which crun has in another case, or others for.
std::string in_runcs_words(std::string message);

// The last error of a log of JSON objects; empty where there is none.
std::string last_message(std::string_view log);

}  // namespace wherry::shim
