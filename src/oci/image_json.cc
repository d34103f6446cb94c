// Between image.h's values and JSON.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "oci/image.h"
#include "oci/json_reader.h"

namespace wherry::oci {
namespace {

using nlohmann::json;

void require_schema_version(const Reader& document) {
  if (auto version = document.find("schemaVersion"); version && version->size() != 2) {
    version->wrong("only version 2 is understood");
  }
}

Platform read_platform(const Reader& from) {
  return {.os = from.text_or_empty("os"),
          .architecture = from.text_or_empty("architecture"),
          .variant = from.text_or_empty("variant")};
}

Descriptor read_descriptor(const Reader& from) {
  Descriptor descriptor{.media_type = from.text_or_empty("mediaType"),
                        .digest = from.field("digest").digest(),
                        .size = from.field("size").size(),
                        .artifact_type = from.text_or_empty("artifactType"),
                        .annotations = from.text_map_or_empty("annotations")};
  if (auto platform = from.find("platform")) descriptor.platform = read_platform(*platform);
  return descriptor;
}

std::optional<std::vector<std::string>> read_command(const Reader& from, const char* name) {
  auto found = from.find(name);
  if (!found) return std::nullopt;
  return found->texts();
}

std::optional<Healthcheck> read_healthcheck(const Reader& from) {
  auto found = from.find("Healthcheck");
  if (!found) return std::nullopt;
  auto number = [&](const char* name) {
    auto field = found->find(name);
    return field ? field->size() : 0;
  };
  return Healthcheck{.test = found->texts_or_empty("Test"),
                     .interval = number("Interval"),
                     .timeout = number("Timeout"),
                     .start_period = number("StartPeriod"),
                     .start_interval = number("StartInterval"),
                     .retries = number("Retries")};
}

ExecutionConfig read_execution_config(const Reader& from) {
  return {.user = from.text_or_empty("User"),
          .exposed_ports = from.keys_or_empty("ExposedPorts"),
          .env = from.texts_or_empty("Env"),
          .entrypoint = read_command(from, "Entrypoint"),
          .cmd = read_command(from, "Cmd"),
          .volumes = from.keys_or_empty("Volumes"),
          .working_dir = from.text_or_empty("WorkingDir"),
          .labels = from.text_map_or_empty("Labels"),
          .stop_signal = from.text_or_empty("StopSignal"),
          .healthcheck = read_healthcheck(from),
          .on_build = from.texts_or_empty("OnBuild"),
          .shell = from.texts_or_empty("Shell")};
}

History read_history(const Reader& from) {
  return {.created = from.text_or_empty("created"),
          .created_by = from.text_or_empty("created_by"),
          .author = from.text_or_empty("author"),
          .comment = from.text_or_empty("comment"),
          .empty_layer = from.flag_or_false("empty_layer")};
}

// Absent and empty are the same in these documents: neither is written.
template <typename Value>
void put(json& into, const char* name, const Value& value) {
  if (!value.empty()) into[name] = value;
}

void put_keys(json& into, const char* name, const std::vector<std::string>& keys) {
  if (keys.empty()) return;
  json& object = into[name] = json::object();
  for (const std::string& key : keys) object[key] = json::object();
}

json platform_json(const Platform& platform) {
  json written = {{"os", platform.os}, {"architecture", platform.architecture}};
  put(written, "variant", platform.variant);
  return written;
}

json descriptor_json(const Descriptor& descriptor) {
  json written = {{"digest", to_string(descriptor.digest)}, {"size", descriptor.size}};
  put(written, "mediaType", descriptor.media_type);
  put(written, "artifactType", descriptor.artifact_type);
  put(written, "annotations", descriptor.annotations);
  if (descriptor.platform) written["platform"] = platform_json(*descriptor.platform);
  return written;
}

json history_json(const History& history) {
  json written = json::object();
  put(written, "created", history.created);
  put(written, "created_by", history.created_by);
  put(written, "author", history.author);
  put(written, "comment", history.comment);
  if (history.empty_layer) written["empty_layer"] = true;
  return written;
}

json healthcheck_json(const Healthcheck& check) {
  json written = {{"Test", check.test}};
  auto put_number = [&](const char* name, std::uint64_t value) {
    if (value != 0) written[name] = value;
  };
  put_number("Interval", check.interval);
  put_number("Timeout", check.timeout);
  put_number("StartPeriod", check.start_period);
  put_number("StartInterval", check.start_interval);
  put_number("Retries", check.retries);
  return written;
}

json execution_config_json(const ExecutionConfig& config) {
  json written = json::object();
  put(written, "User", config.user);
  put_keys(written, "ExposedPorts", config.exposed_ports);
  put(written, "Env", config.env);
  if (config.entrypoint) written["Entrypoint"] = *config.entrypoint;
  if (config.cmd) written["Cmd"] = *config.cmd;
  put_keys(written, "Volumes", config.volumes);
  put(written, "WorkingDir", config.working_dir);
  put(written, "Labels", config.labels);
  put(written, "StopSignal", config.stop_signal);
  if (config.healthcheck) written["Healthcheck"] = healthcheck_json(*config.healthcheck);
  put(written, "OnBuild", config.on_build);
  put(written, "Shell", config.shell);
  return written;
}

}  // namespace

Index parse_index(std::string_view text) {
  json document = parse_document(text, kMaxManifestBytes, "image index");
  Reader reader(document, "image index");
  require_schema_version(reader);
  Index index{.annotations = reader.text_map_or_empty("annotations")};
  for (const Reader& each : reader.elements_or_empty("manifests")) {
    index.manifests.push_back(read_descriptor(each));
  }
  return index;
}

Manifest parse_manifest(std::string_view text) {
  json document = parse_document(text, kMaxManifestBytes, "image manifest");
  Reader reader(document, "image manifest");
  require_schema_version(reader);
  Manifest manifest{.media_type = reader.text_or_empty("mediaType"),
                    .artifact_type = reader.text_or_empty("artifactType"),
                    .config = read_descriptor(reader.field("config")),
                    .annotations = reader.text_map_or_empty("annotations")};
  if (!manifest.media_type.empty() && !is_manifest(manifest.media_type)) {
    reader.field("mediaType")
        .wrong(fmt::format("'{}' is not an image manifest", manifest.media_type.substr(0, 100)));
  }
  for (const Reader& each : reader.elements_or_empty("layers")) {
    manifest.layers.push_back(read_descriptor(each));
  }
  if (manifest.layers.size() > kMaxLayers) {
    reader.field("layers").wrong(
        fmt::format("{} layers are more than the limit of {}", manifest.layers.size(), kMaxLayers));
  }
  return manifest;
}

ImageConfig parse_image_config(std::string_view text) {
  json document = parse_document(text, kMaxConfigBytes, "image config");
  Reader reader(document, "image config");
  ImageConfig config{.created = reader.text_or_empty("created"),
                     .author = reader.text_or_empty("author"),
                     .platform = read_platform(reader)};
  if (auto execution = reader.find("config")) config.config = read_execution_config(*execution);
  if (auto rootfs = reader.find("rootfs")) {
    for (const Reader& each : rootfs->elements_or_empty("diff_ids")) {
      config.diff_ids.push_back(each.digest());
    }
  }
  for (const Reader& each : reader.elements_or_empty("history")) {
    config.history.push_back(read_history(each));
  }
  return config;
}

std::string to_json(const Index& index) {
  json document = {{"schemaVersion", 2}, {"mediaType", media_type::kIndex}};
  json& manifests = document["manifests"] = json::array();
  for (const Descriptor& each : index.manifests) manifests.push_back(descriptor_json(each));
  put(document, "annotations", index.annotations);
  return print_document(document);
}

std::string to_json(const Manifest& manifest) {
  json document = {{"schemaVersion", 2}, {"config", descriptor_json(manifest.config)}};
  put(document, "mediaType", manifest.media_type);
  put(document, "artifactType", manifest.artifact_type);
  json& layers = document["layers"] = json::array();
  for (const Descriptor& each : manifest.layers) layers.push_back(descriptor_json(each));
  put(document, "annotations", manifest.annotations);
  return print_document(document);
}

std::string to_json(const ImageConfig& config) {
  json document = platform_json(config.platform);
  put(document, "created", config.created);
  put(document, "author", config.author);
  document["config"] = execution_config_json(config.config);
  json diff_ids = json::array();
  for (const Digest& each : config.diff_ids) diff_ids.push_back(to_string(each));
  document["rootfs"] = {{"type", "layers"}, {"diff_ids", std::move(diff_ids)}};
  json history = json::array();
  for (const History& each : config.history) history.push_back(history_json(each));
  put(document, "history", history);
  return print_document(document);
}

std::string to_json(const ExecutionConfig& config) {
  return print_document(execution_config_json(config));
}

}  // namespace wherry::oci
