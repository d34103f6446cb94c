#include "container/runtime/state_record.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace wherry::container {
namespace {

constexpr const char* kOciVersion = "1.2.0";
constexpr std::array kStates = {State::Creating, State::Created, State::Running, State::Paused,
                                State::Stopped};

nlohmann::json oci_fields(const StateRecord& record, State state) {
  nlohmann::json json = {{"ociVersion", kOciVersion},
                         {"id", record.id},
                         {"pid", state == State::Stopped ? 0 : record.init.pid},
                         {"status", to_string(state)},
                         {"bundle", record.bundle},
                         {"rootfs", record.rootfs},
                         {"created", record.created},
                         {"owner", record.owner}};
  if (!record.annotations.empty()) json["annotations"] = record.annotations;
  return json;
}

std::string print(const nlohmann::json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

State state_named(const std::string& name) {
  for (State state : kStates) {
    if (to_string(state) == name) return state;
  }
  fail(ErrorKind::DataLoss, "unknown state '{}'", name);
}

}  // namespace

std::string to_json(const StateRecord& record) {
  nlohmann::json json = oci_fields(record, record.state);
  json["pid"] = record.init.pid;
  json["startTime"] = record.init.start_time;
  json["cgroup"] = record.cgroup;
  if (!record.module.empty()) json["module"] = record.module;
  return print(json, -1);
}

StateRecord parse_state_record(std::string_view text) {
  try {
    nlohmann::json json = nlohmann::json::parse(text);
    StateRecord record;
    record.id = json.at("id");
    record.bundle = json.at("bundle");
    record.rootfs = json.at("rootfs");
    record.state = state_named(json.at("status"));
    record.init = {.pid = json.at("pid"), .start_time = json.at("startTime")};
    record.created = json.at("created");
    record.owner = json.at("owner");
    record.cgroup = json.at("cgroup");
    record.module = json.value("module", "");
    if (auto found = json.find("annotations"); found != json.end()) {
      record.annotations = found->get<std::map<std::string, std::string>>();
    }
    return record;
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorKind::DataLoss, "state.json is damaged: {}", error.what());
  }
}

StateAndRecord parse_oci_state(std::string_view text) {
  try {
    nlohmann::json json = nlohmann::json::parse(text);
    StateAndRecord other;
    other.record.id = json.at("id");
    other.record.bundle = json.at("bundle");
    other.record.rootfs = json.value("rootfs", "");
    other.record.init.pid = json.value("pid", 0);
    other.record.created = json.value("created", "");
    other.state = state_named(json.at("status"));
    if (auto found = json.find("annotations"); found != json.end() && found->is_object()) {
      other.record.annotations = found->get<std::map<std::string, std::string>>();
    }
    return other;
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorKind::DataLoss, "the state that another runtime prints is no state: {}",
         error.what());
  }
}

std::string to_oci_json(const StateRecord& record, State state) {
  return print(oci_fields(record, state), 2);
}

std::string seen_from_inside(std::string_view oci_json, pid_t pid, State state) {
  nlohmann::json json = nlohmann::json::parse(oci_json, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) fail(ErrorKind::DataLoss, "the state for hooks is damaged");
  json["pid"] = pid;
  json["status"] = to_string(state);
  return print(json, 2);
}

std::string to_oci_json(std::span<const StateAndRecord> all) {
  nlohmann::json array = nlohmann::json::array();
  for (const StateAndRecord& each : all) array.push_back(oci_fields(each.record, each.state));
  return print(array, -1);
}

}  // namespace wherry::container
