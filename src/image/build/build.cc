#include "image/build/build.h"

#include <algorithm>
#include <ctime>

#include "base/error.h"
#include "image/build/context.h"
#include "image/build/dockerfile.h"
#include "image/build/evaluate.h"
#include "image/build/ignore.h"
#include "image/build/limits.h"
#include "oci/timestamp.h"

namespace wherry::build {
namespace {

constexpr const char* kIgnoreName = ".dockerignore";

Ignore read_ignore(const Context& context, const BuildRequest& request) {
  std::optional<std::string> text = request.ignore_file;
  std::string name = request.ignore_name;
  if (!text) {
    text = context.read_file(kIgnoreName, kMaxIgnoreFileBytes);
    name = kIgnoreName;
  }
  if (!text) return {};
  return in_context([&] { return name; }, [&] { return Ignore(*text); });
}

// A build argument that no ARG asks for is most often a slip of the pen.
void notice_unused_args(const BuildRequest& request, const Dockerfile& file, Progress& progress) {
  auto asks = [](const std::vector<Instruction>& instructions, const std::string& name) {
    return std::any_of(instructions.begin(), instructions.end(), [&](const Instruction& each) {
      return each.kind == InstructionKind::Arg &&
             std::any_of(each.pairs.begin(), each.pairs.end(),
                         [&](const Pair& pair) { return pair.first == name; });
    });
  };
  auto is_predefined = [](std::string_view name) {
    constexpr std::string_view kNames[] = {
        "SOURCE_DATE_EPOCH", "HTTP_PROXY",  "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY",
        "http_proxy",        "https_proxy", "ftp_proxy",   "no_proxy",  "all_proxy"};
    return name.starts_with("BUILDKIT_") || name.starts_with("TARGET") ||
           name.starts_with("BUILD") ||
           std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
  };
  for (const auto& [name, value] : request.build_args) {
    bool used = is_predefined(name) || asks(file.global_args, name);
    for (const Stage& stage : file.stages) used = used || asks(stage.instructions, name);
    if (!used) {
      progress.notice(fmt::format("build argument '{}' is not asked for by any ARG", name));
    }
  }
}

// The layers as the manifest lists them; the configuration learns of them and of the time.
std::vector<oci::Descriptor> write_layers(const image::Store& store, const BuildRequest& request,
                                          StageState& state) {
  std::vector<oci::Descriptor> layers;
  auto check = [&] {
    if (request.interrupted && request.interrupted()) fail(ErrorKind::Unavailable, "interrupted");
  };
  for (const StageLayer& layer : state.layers) {
    if (const auto* base = std::get_if<BaseLayer>(&layer)) {
      layers.push_back(base->descriptor);
      state.image.diff_ids.push_back(base->diff_id);
      continue;
    }
    const PlannedLayer& planned = *std::get<std::shared_ptr<const PlannedLayer>>(layer);
    image::WrittenLayer written = in_context(
        [&] { return planned.position + ": " + planned.source; },
        [&] {
          return write_layer(image::LayerWriter(store.create_blob(), image::Compression::Gzip),
                             planned.entries, request.source_date_epoch, check);
        });
    layers.push_back(written.descriptor);
    state.image.diff_ids.push_back(written.diff_id);
  }
  check();
  return layers;
}

BuiltImage write_image(const image::Store& store, const BuildRequest& request, StageState& state,
                       Progress& progress) {
  progress.begin("exporting layers");
  std::vector<oci::Descriptor> layers = write_layers(store, request, state);
  progress.end();
  std::string created =
      oci::format_timestamp(request.source_date_epoch.value_or(std::time(nullptr)));
  state.image.created = created;
  for (oci::History& entry : state.image.history) {
    if (entry.created.empty()) entry.created = created;
  }
  for (const auto& [name, value] : request.labels) state.image.config.labels[name] = value;

  std::string config = to_json(state.image);
  if (config.size() > oci::kMaxConfigBytes) {
    fail(ErrorKind::ResourceExhausted, "the image's configuration holds {} bytes, more than {}",
         config.size(), oci::kMaxConfigBytes);
  }
  image::StoredBlob stored_config = store.put_blob(config);
  oci::Manifest manifest{.media_type = std::string(oci::media_type::kManifest)};
  manifest.config = {.media_type = std::string(oci::media_type::kConfig),
                     .digest = stored_config.digest,
                     .size = stored_config.size};
  manifest.layers = std::move(layers);
  image::StoredBlob stored = store.put_blob(to_json(manifest));
  oci::Descriptor target{.media_type = manifest.media_type,
                         .digest = stored.digest,
                         .size = stored.size,
                         .platform = state.image.platform};
  progress.begin("writing image " + to_string(target.digest));
  if (request.names.empty()) store.add_image(target, std::nullopt);
  for (const oci::Reference& name : request.names) store.add_image(target, name);
  progress.end();
  for (const oci::Reference& name : request.names) {
    progress.begin("naming to " + to_string(name));
    progress.end();
  }
  return {target, stored_config.digest};
}

BuiltImage build_under_lease(const image::Store& store, const BuildRequest& request,
                             Progress& progress) {
  image::Lease lease = store.lease();
  progress.begin("load build definition from " + request.dockerfile_name);
  Dockerfile file = parse_dockerfile(request.dockerfile, request.dockerfile_name);
  progress.end();
  for (const Notice& notice : file.notices) {
    progress.notice(file.position(notice.line) + ": " + notice.text);
  }
  notice_unused_args(request, file, progress);
  Context context(request.context);
  Evaluator evaluator(store, request, file, context, read_ignore(context, request), progress);
  StageState state = evaluator.evaluate();
  return write_image(store, request, state, progress);
}

}  // namespace

BuiltImage build_image(const image::Store& store, const BuildRequest& request, Progress& progress) {
  // The lease is gone before the blobs of a failed build are swept away.
  try {
    return build_under_lease(store, request, progress);
  } catch (...) {
    store.collect_garbage();
    throw;
  }
}

}  // namespace wherry::build
