#include "container/shim/bundle_facts.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "os/file.h"

namespace wherry::shim {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxConfigBytes = 8u << 20;

// In containerd's own shim's order.
constexpr std::array kGroupAnnotations = {"io.containerd.runc.v2.group",
                                          "io.kubernetes.cri.sandbox-id"};

std::string text_of(const json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<std::string> texts_of(const json& object, const char* name) {
  std::vector<std::string> texts;
  auto found = object.find(name);
  if (found == object.end() || !found->is_array()) return texts;
  for (const json& each : *found) {
    if (each.is_string()) texts.push_back(each.get<std::string>());
  }
  return texts;
}

oci::RuntimeConfig entrypoint_of(const json& config) {
  oci::RuntimeConfig facts;
  if (auto process = config.find("process"); process != config.end() && process->is_object()) {
    facts.process.args = texts_of(*process, "args");
    facts.process.env = texts_of(*process, "env");
    std::string cwd = text_of(*process, "cwd");
    if (cwd.starts_with('/')) facts.process.cwd = std::move(cwd);
  }
  if (auto root = config.find("root"); root != config.end() && root->is_object()) {
    facts.root.path = text_of(*root, "path");
  }
  if (auto mounts = config.find("mounts"); mounts != config.end() && mounts->is_array()) {
    for (const json& each : *mounts) {
      if (!each.is_object()) continue;
      facts.mounts.push_back({.destination = text_of(each, "destination"),
                              .type = text_of(each, "type"),
                              .source = text_of(each, "source"),
                              .options = texts_of(each, "options")});
    }
  }
  return facts;
}

}  // namespace

BundleFacts parse_bundle_facts(std::string_view text) {
  // Everything else of it is dropped while it is read: a shim stays small.
  constexpr std::array<std::string_view, 5> kKept = {"annotations", "linux", "process", "root",
                                                     "mounts"};
  bool in_linux = false;
  auto keep = [&](int depth, json::parse_event_t event, json& value) {
    if (event != json::parse_event_t::key || depth > 2) return true;
    const std::string& key = value.get_ref<const std::string&>();
    if (depth == 2) return !in_linux || key == "cgroupsPath";
    in_linux = key == "linux";
    return std::ranges::find(kKept, key) != kKept.end();
  };
  json config = json::parse(text, keep, /*allow_exceptions=*/false);
  if (!config.is_object()) fail(ErrorKind::InvalidArgument, "config.json is not a JSON object");
  BundleFacts facts;
  if (auto found = config.find("annotations"); found != config.end() && found->is_object()) {
    for (const auto& [name, value] : found->items()) {
      if (value.is_string()) facts.annotations[name] = value.get<std::string>();
    }
  }
  auto found = config.find("linux");
  if (found != config.end() && found->is_object()) {
    facts.cgroups_path = text_of(*found, "cgroupsPath");
  }
  facts.entrypoint = entrypoint_of(config);
  return facts;
}

BundleFacts read_bundle_facts(const std::string& bundle) {
  std::string path = bundle + "/config.json";
  std::string text = os::read_file(AT_FDCWD, path, kMaxConfigBytes);
  return in_context([&] { return fmt::format("read '{}'", path); },
                    [&] { return parse_bundle_facts(text); });
}

std::string group_of(const BundleFacts& facts, const std::string& id) {
  for (const char* name : kGroupAnnotations) {
    auto found = facts.annotations.find(name);
    if (found != facts.annotations.end() && !found->second.empty()) return found->second;
  }
  return id;
}

bool is_systemd_path(std::string_view cgroups_path) {
  return !cgroups_path.starts_with('/') && std::ranges::count(cgroups_path, ':') == 2 &&
         cgroups_path.substr(0, cgroups_path.find(':')).ends_with(".slice");
}

std::string with_terminal(std::string_view process, bool terminal) {
  json document = json::parse(process, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) fail(ErrorKind::InvalidArgument, "the process is not a JSON object");
  document["terminal"] = terminal;
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace wherry::shim
