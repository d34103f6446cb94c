// state, list: what there is.
#include <fmt/format.h>

#include <cstdio>

#include "base/error.h"
#include "cli/term/args.h"
#include "container/runtime/linux_runtime.h"
#include "runtime.h"

namespace wherry::runtime {
namespace {

using cli::Arguments;
using cli::UsageError;
using container::StateAndRecord;

// An annotation of `state`: how many of its processes a limit of memory has ended.
constexpr const char* kOomKills = "org.wherry.oom-kills";

std::string table_of(const std::vector<StateAndRecord>& all) {
  std::size_t id_width = 12;
  std::size_t bundle_width = 8;
  for (const StateAndRecord& one : all) {
    id_width = std::max(id_width, one.record.id.size() + 2);
    bundle_width = std::max(bundle_width, one.record.bundle.size() + 2);
  }
  std::string text = fmt::format("{:<{}}{:<12}{:<12}{:<{}}{:<32}OWNER\n", "ID", id_width, "PID",
                                 "STATUS", "BUNDLE", bundle_width, "CREATED");
  for (const auto& [record, state] : all) {
    int pid = state == container::State::Stopped ? 0 : record.init.pid;
    text +=
        fmt::format("{:<{}}{:<12}{:<12}{:<{}}{:<32}{}\n", record.id, id_width, pid,
                    to_string(state), record.bundle, bundle_width, record.created, record.owner);
  }
  return text;
}

}  // namespace

void print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    fail_errno(errno, "write the output");
  }
}

StateAndRecord find(const Runtime& runtime, const std::string& id) {
  container::check_id(id);
  auto found = look_at(runtime.store, id);
  if (!found) {
    fail(ErrorKind::NotFound, "no container with the id '{}': it does not exist", id);
  }
  return std::move(*found);
}

int state(Runtime& runtime, VerbArguments command_line) {
  Arguments arguments;
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help("state ID", "Prints the state of a container as JSON.", "");
  StateAndRecord found = find(runtime, only_id(*operands, "state"));
  if (auto kills = container::Cgroup::open(found.record.cgroup).oom_kills()) {
    found.record.annotations[kOomKills] = std::to_string(kills);
  }
  print(to_oci_json(found.record, found.state) + "\n");
  return 0;
}

int list(Runtime& runtime, VerbArguments command_line) {
  std::string format = "table";
  bool quiet = false;
  Arguments arguments;
  arguments.option("-f,--format", "FORM", &format, "'table' (default) or 'json'");
  arguments.flag("-q,--quiet", &quiet, "ids only");
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help("list [OPTIONS]", "Lists the containers.", arguments.describe());
  if (!operands->empty()) throw UsageError("'list' takes no operand");
  if (format != "table" && format != "json") {
    throw UsageError(fmt::format("unknown format '{}': it is 'table' or 'json'", format));
  }
  std::vector<StateAndRecord> all = look_at_all(runtime.store);
  for (const container::LinuxContainers& others :
       linux_containers(runtime.globals.root, container::linux_runtime_search())) {
    if (others.runtime.program.empty()) {
      runtime.warn(
          fmt::format("{} containers are listed without their state: their runtime, {}, is "
                      "not installed any more",
                      others.ids.size(), others.runtime.name));
    }
    for (StateAndRecord& one : states_of(others)) all.push_back(std::move(one));
  }
  std::string text;
  if (quiet) {
    for (const StateAndRecord& one : all) text += one.record.id + "\n";
  } else {
    text = format == "json" ? to_oci_json(all) + "\n" : table_of(all);
  }
  print(text);
  return 0;
}

}  // namespace wherry::runtime
