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

}  // namespace

BundleFacts parse_bundle_facts(std::string_view text) {
  // Everything else of it is dropped while it is read: a shim stays small.
  auto keep = [](int depth, json::parse_event_t event, json& value) {
    if (event != json::parse_event_t::key || depth != 1) return true;
    const std::string& key = value.get_ref<const std::string&>();
    return key == "annotations" || key == "linux";
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
