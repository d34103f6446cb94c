// wherry images
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/commands/verbs.h"
#include "cli/term/args.h"
#include "cli/term/table.h"
#include "image/store/store.h"
#include "oci/timestamp.h"

namespace wherry::cli {
namespace {

struct Row {
  std::string repository = "<none>";
  std::string tag = "<none>";
  std::string id;
  std::string created;  // RFC 3339
  std::string age = "N/A";
  std::uint64_t size = 0;
};

struct Options {
  bool quiet = false;
  bool whole_ids = false;
  bool json = false;
  std::string format = "table";
};

std::string age_of(const std::string& created) {
  auto then = oci::parse_timestamp(created);
  if (!then) return "N/A";
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return format_age(std::chrono::duration_cast<std::chrono::seconds>(now).count() - *then);
}

// An image has a row for each of its names, or one without.
std::vector<Row> rows_of(const image::Image& image, bool whole_ids,
                         const std::optional<oci::Reference>& wanted, bool any_tag) {
  Row row{.id = whole_ids ? to_string(image.id()) : image.id().hex().substr(0, 12),
          .created = image.config.created,
          .age = age_of(image.config.created),
          .size = image.size()};
  std::vector<Row> rows;
  for (const oci::Reference& name : image.names) {
    if (wanted && (name.domain != wanted->domain || name.path != wanted->path ||
                   (!any_tag && name.tag != wanted->tag))) {
      continue;
    }
    row.repository = oci::familiar_name(name);
    row.tag = name.tag;
    rows.push_back(row);
  }
  if (image.names.empty() && !wanted) rows.push_back(row);
  return rows;
}

// One object a line, as `docker images --format json` has them.
void print_json(Context& context, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    nlohmann::ordered_json line = {
        {"Repository", row.repository}, {"Tag", row.tag},          {"ID", row.id},
        {"CreatedAt", row.created},     {"CreatedSince", row.age}, {"Size", format_size(row.size)}};
    fmt::print(context.out, "{}\n", line.dump());
  }
}

void print_table(Context& context, const std::vector<Row>& rows) {
  std::vector<std::vector<std::string>> cells;
  for (const Row& row : rows) {
    cells.push_back({row.repository, row.tag, row.id, row.age, format_size(row.size)});
  }
  fmt::print(context.out, "{}",
             format_table({"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"}, cells));
}

// Each ID once, though an image of several names has several rows.
void print_ids(Context& context, const std::vector<Row>& rows) {
  std::vector<std::string_view> seen;
  for (const Row& row : rows) {
    if (std::ranges::find(seen, row.id) != seen.end()) continue;
    seen.push_back(row.id);
    fmt::print(context.out, "{}\n", row.id);
  }
}

}  // namespace

int images(Context& context, CommandArguments command_line) {
  Options options;
  Arguments arguments;
  arguments.flag("-q,--quiet", &options.quiet, "only image IDs");
  arguments.flag("--no-trunc", &options.whole_ids, "whole image IDs");
  arguments.flag("--json", &options.json, "one JSON object a line, as --format json");
  arguments.option("--format", "FORMAT", &options.format, "'table' or 'json'");
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help(context, "images", arguments);
  if (operands->size() > 1) throw UsageError("at most one name of images to list");
  if (options.format != "table" && options.format != "json") {
    throw UsageError(fmt::format("--format is table or json, not '{}'", options.format));
  }

  std::optional<oci::Reference> wanted;
  bool any_tag = false;
  if (!operands->empty()) {
    const std::string& name = operands->front();
    wanted = oci::parse_reference(name);
    // Only what has no colon after its last slash left the tag open.
    any_tag = name.find(':', name.rfind('/') + 1) == std::string::npos;
  }
  image::Store store(context.root);
  auto [all, problems] = store.list();
  std::vector<Row> rows;
  for (const image::Image& image : all) {
    for (Row& row : rows_of(image, options.whole_ids, wanted, any_tag)) {
      rows.push_back(std::move(row));
    }
  }
  if (options.quiet) {
    print_ids(context, rows);
  } else if (options.json || options.format == "json") {
    print_json(context, rows);
  } else {
    print_table(context, rows);
  }
  for (const std::string& problem : problems) {
    fmt::print(context.err, "wherry: warning: {}\n", problem);
  }
  return problems.empty() ? 0 : 1;
}

}  // namespace wherry::cli
