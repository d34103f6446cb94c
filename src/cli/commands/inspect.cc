// wherry inspect
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/commands/verbs.h"
#include "cli/term/args.h"
#include "image/store/store.h"

namespace wherry::cli {
namespace {

using nlohmann::ordered_json;

// The fields and names of `docker image inspect`.
ordered_json describe(const image::Image& image) {
  ordered_json tags = ordered_json::array();
  ordered_json digests = ordered_json::array();
  for (const oci::Reference& name : image.names) {
    tags.push_back(oci::familiar(name));
    std::string digest = oci::familiar_name(name) + "@" + to_string(image.id());
    if (std::find(digests.begin(), digests.end(), digest) == digests.end())
      digests.push_back(digest);
  }
  ordered_json layers = ordered_json::array();
  for (const Digest& layer : image.config.diff_ids) layers.push_back(to_string(layer));
  ordered_json described = {{"Id", to_string(image.id())},
                            {"RepoTags", tags},
                            {"RepoDigests", digests},
                            {"Created", image.config.created},
                            {"Author", image.config.author},
                            {"Architecture", image.config.platform.architecture},
                            {"Variant", image.config.platform.variant},
                            {"Os", image.config.platform.os},
                            {"Size", image.size()},
                            {"Config", ordered_json::parse(oci::to_json(image.config.config))},
                            {"RootFS", {{"Type", "layers"}, {"Layers", layers}}}};
  for (const char* optional : {"Author", "Variant"}) {
    if (described[optional] == "") described.erase(optional);
  }
  return described;
}

}  // namespace

int inspect(Context& context, CommandArguments command_line) {
  Arguments arguments;
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help(context, "inspect", arguments);
  if (operands->empty()) throw UsageError("expected what to inspect");

  image::Store store(context.root);
  ordered_json all = ordered_json::array();
  int status = 0;
  for (const std::string& each : *operands) {
    auto [image, problem] = outcome_of([&] { return store.resolve(each); });
    if (image) {
      all.push_back(describe(*image));
    } else {
      fmt::print(context.err, "wherry: error: {}\n", problem);
      status = 1;
    }
  }
  fmt::print(context.out, "{}\n", all.dump(4, ' ', false, ordered_json::error_handler_t::replace));
  return status;
}

}  // namespace wherry::cli
