// wherry ps
#include <fmt/format.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "cli/commands/verbs.h"
#include "cli/term/args.h"
#include "cli/term/table.h"
#include "container/local/containers.h"
#include "oci/timestamp.h"

namespace wherry::cli {
namespace {

using container::Listed;

std::string status_text(const Listed& listed, std::int64_t now) {
  if (listed.running) {
    std::string age = format_age(now - listed.record.created);
    if (age.ends_with(" ago")) age.resize(age.size() - 4);
    return "Up " + age;
  }
  if (!listed.exit) return "Dead";
  return fmt::format("Exited ({}) {}", listed.exit->code, format_age(now - listed.exit->finished));
}

std::string quoted_command(const std::string& command) {
  constexpr std::size_t kWidth = 20;
  if (command.size() <= kWidth) return "\"" + command + "\"";
  return "\"" + command.substr(0, kWidth - 1) + "…\"";
}

nlohmann::json json_of(const Listed& listed) {
  nlohmann::json json = {{"id", listed.record.id},
                         {"name", listed.record.name},
                         {"image", listed.record.image},
                         {"command", listed.record.command},
                         {"created", oci::format_timestamp(listed.record.created)},
                         {"state", listed.running ? "running"
                                   : listed.exit  ? "exited"
                                                  : "dead"}};
  if (listed.exit) {
    json["exitCode"] = listed.exit->code;
    json["finished"] = oci::format_timestamp(listed.exit->finished);
  }
  return json;
}

void print_table(Context& context, const std::vector<Listed>& all) {
  std::int64_t now = std::time(nullptr);
  std::vector<std::vector<std::string>> rows;
  for (const Listed& listed : all) {
    rows.push_back({listed.record.id.substr(0, 12), listed.record.image,
                    quoted_command(listed.record.command), format_age(now - listed.record.created),
                    status_text(listed, now), listed.record.name});
  }
  fmt::print(
      context.out, "{}",
      format_table({"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "NAMES"}, rows));
}

}  // namespace

int ps(Context& context, CommandArguments command_line) {
  bool everything = false;
  bool quiet = false;
  bool json = false;
  Arguments arguments;
  arguments.flag("-a,--all", &everything, "also containers that have ended");
  arguments.flag("-q,--quiet", &quiet, "ids only");
  arguments.flag("--json", &json, "a JSON array");
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help(context, "ps", arguments);
  if (!operands->empty()) throw UsageError("'wherry ps' takes no arguments");

  std::vector<Listed> all = container::LocalContainers(context.root, context.run_root).list();
  if (!everything) std::erase_if(all, [](const Listed& listed) { return !listed.running; });
  if (json) {
    nlohmann::json array = nlohmann::json::array();
    for (const Listed& listed : all) array.push_back(json_of(listed));
    fmt::print(context.out, "{}\n",
               array.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else if (quiet) {
    for (const Listed& listed : all) {
      fmt::print(context.out, "{}\n", listed.record.id.substr(0, 12));
    }
  } else {
    print_table(context, all);
  }
  return 0;
}

}  // namespace wherry::cli
