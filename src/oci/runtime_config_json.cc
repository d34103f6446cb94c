#include <cstdint>
#include <nlohmann/json.hpp>

#include "oci/config_field.h"
#include "oci/json_reader.h"
#include "oci/runtime_config.h"
#include "oci/runtime_hooks_json.h"
#include "oci/runtime_resources_json.h"
#include "oci/runtime_seccomp_json.h"

namespace wherry::oci {
namespace {

using Json = nlohmann::json;

void from_json(const Field& field, RuntimeRlimit& limit) {
  field.member("type").read(limit.type);
  field.member("soft").read(limit.soft);
  field.member("hard").read(limit.hard);
}

void from_json(const Field& field, RuntimeIdMapping& mapping) {
  field.member("containerID").read(mapping.container_id);
  field.member("hostID").read(mapping.host_id);
  field.member("size").read(mapping.size);
}

void read_mappings(const Field& field, std::vector<RuntimeIdMapping>& into) {
  field.each([&](const Field& entry) { from_json(entry, into.emplace_back()); });
}

void from_json(const Field& field, RuntimeMount& mount) {
  field.member("destination").read(mount.destination);
  field.member("type").read(mount.type);
  field.member("source").read(mount.source);
  field.member("options").read(mount.options);
  read_mappings(field.member("uidMappings"), mount.uid_mappings);
  read_mappings(field.member("gidMappings"), mount.gid_mappings);
  // Version 1.0 allowed a relative destination, taken from "/".
  if (mount.destination.empty()) field.member("destination").refuse("a path");
  if (mount.destination[0] != '/') mount.destination.insert(0, "/");
}

void from_json(const Field& field, RuntimeNamespace& space) {
  field.member("type").read(space.type);
  field.member("path").read(space.path);
}

void from_json(const Field& field, RuntimeDevice& device) {
  field.member("type").read(device.type);
  if (device.type.size() != 1 || std::string_view("cbup").find(device.type) == std::string::npos) {
    field.member("type").refuse("'c', 'b', 'u' or 'p'");
  }
  field.member("path").read(device.path);
  if (!device.path.starts_with('/')) field.member("path").refuse("an absolute path");
  field.member("major").read(device.major);
  field.member("minor").read(device.minor);
  field.member("fileMode").read(device.file_mode);
  field.member("uid").read(device.uid);
  field.member("gid").read(device.gid);
}

void from_json(const Field& field, RuntimeTimeOffset& offset) {
  field.member("secs").read(offset.seconds);
  field.member("nanosecs").read(offset.nanoseconds);
}

RuntimeScheduling parse_scheduling(const Field& process) {
  RuntimeScheduling scheduling;
  if (Field field = process.member("scheduler"); field.present()) {
    RuntimeScheduler& scheduler = scheduling.scheduler.emplace();
    field.member("policy").read(scheduler.policy);
    field.member("nice").read(scheduler.nice);
    field.member("priority").read(scheduler.priority);
    field.member("flags").read(scheduler.flags);
    field.member("runtime").read(scheduler.runtime);
    field.member("deadline").read(scheduler.deadline);
    field.member("period").read(scheduler.period);
  }
  if (Field field = process.member("ioPriority"); field.present()) {
    RuntimeIoPriority& priority = scheduling.io_priority.emplace();
    field.member("class").read(priority.io_class);
    field.member("priority").read(priority.priority);
  }
  process.member("execCPUAffinity").member("final").read(scheduling.exec_cpus);
  return scheduling;
}

bool has_members(const Field& field) {
  bool found = false;
  field.each_member([&](const std::string&, const Field&) { found = true; });
  return found;
}

template <typename Value>
void read_structs(const Field& field, std::vector<Value>& into) {
  field.each([&](const Field& entry) { from_json(entry, into.emplace_back()); });
}

RuntimeProcess parse_process(const Field& field) {
  RuntimeProcess process;
  field.member("terminal").read(process.terminal);
  field.member("consoleSize").member("height").read(process.console_size.height);
  field.member("consoleSize").member("width").read(process.console_size.width);
  Field user = field.member("user");
  user.member("uid").read(process.user.uid);
  user.member("gid").read(process.user.gid);
  user.member("umask").read(process.user.umask);
  user.member("additionalGids").read(process.user.additional_gids);
  field.member("args").read(process.args);
  if (process.args.empty()) field.member("args").refuse("an array of at least one string");
  field.member("env").read(process.env);
  field.member("cwd").read(process.cwd);
  if (!process.cwd.starts_with('/')) field.member("cwd").refuse("an absolute path");
  field.member("noNewPrivileges").read(process.no_new_privileges);
  Field capabilities = field.member("capabilities");
  capabilities.member("bounding").read(process.capabilities.bounding);
  capabilities.member("effective").read(process.capabilities.effective);
  capabilities.member("permitted").read(process.capabilities.permitted);
  capabilities.member("inheritable").read(process.capabilities.inheritable);
  capabilities.member("ambient").read(process.capabilities.ambient);
  read_structs(field.member("rlimits"), process.rlimits);
  field.member("oomScoreAdj").read(process.oom_score_adj);
  process.scheduling = parse_scheduling(field);
  return process;
}

RuntimeLinux parse_linux(const Field& field) {
  RuntimeLinux result;
  read_structs(field.member("namespaces"), result.namespaces);
  read_mappings(field.member("uidMappings"), result.uid_mappings);
  read_mappings(field.member("gidMappings"), result.gid_mappings);
  field.member("maskedPaths").read(result.masked_paths);
  field.member("readonlyPaths").read(result.readonly_paths);
  field.member("rootfsPropagation").read(result.rootfs_propagation);
  field.member("cgroupsPath").read(result.cgroups_path);
  result.resources = read_resources(field.member("resources"));
  read_structs(field.member("devices"), result.devices);
  field.member("sysctl").each_member(
      [&](const std::string& name, const Field& value) { value.read(result.sysctl[name]); });
  field.member("timeOffsets").each_member([&](const std::string& clock, const Field& offset) {
    from_json(offset, result.time_offsets[clock]);
  });
  if (Field seccomp = field.member("seccomp"); seccomp.present()) {
    result.seccomp = read_seccomp(seccomp);
  }
  result.has_intel_rdt = has_members(field.member("intelRdt"));
  result.has_net_devices = has_members(field.member("netDevices"));
  return result;
}

Json user_json(const RuntimeUser& user) {
  Json json = {{"uid", user.uid}, {"gid", user.gid}};
  if (user.umask) json["umask"] = *user.umask;
  if (!user.additional_gids.empty()) json["additionalGids"] = user.additional_gids;
  return json;
}

void put_scheduling(Json& into, const RuntimeScheduling& scheduling) {
  if (scheduling.scheduler) {
    const RuntimeScheduler& scheduler = *scheduling.scheduler;
    into["scheduler"] = {{"policy", scheduler.policy},     {"nice", scheduler.nice},
                         {"priority", scheduler.priority}, {"flags", scheduler.flags},
                         {"runtime", scheduler.runtime},   {"deadline", scheduler.deadline},
                         {"period", scheduler.period}};
  }
  if (scheduling.io_priority) {
    into["ioPriority"] = {{"class", scheduling.io_priority->io_class},
                          {"priority", scheduling.io_priority->priority}};
  }
  if (!scheduling.exec_cpus.empty()) into["execCPUAffinity"] = {{"final", scheduling.exec_cpus}};
}

Json process_json(const RuntimeProcess& process) {
  const RuntimeCapabilities& sets = process.capabilities;
  Json json = {{"terminal", process.terminal},
               {"user", user_json(process.user)},
               {"args", process.args},
               {"env", process.env},
               {"cwd", process.cwd},
               {"noNewPrivileges", process.no_new_privileges},
               {"capabilities",
                {{"bounding", sets.bounding},
                 {"effective", sets.effective},
                 {"permitted", sets.permitted},
                 {"inheritable", sets.inheritable},
                 {"ambient", sets.ambient}}}};
  if (process.console_size != RuntimeConsoleSize{}) {
    json["consoleSize"] = {{"height", process.console_size.height},
                           {"width", process.console_size.width}};
  }
  if (process.oom_score_adj) json["oomScoreAdj"] = *process.oom_score_adj;
  put_scheduling(json, process.scheduling);
  for (const RuntimeRlimit& limit : process.rlimits) {
    json["rlimits"].push_back({{"type", limit.type}, {"soft", limit.soft}, {"hard", limit.hard}});
  }
  return json;
}

Json mappings_json(const std::vector<RuntimeIdMapping>& mappings) {
  Json json = Json::array();
  for (const RuntimeIdMapping& mapping : mappings) {
    json.push_back({{"containerID", mapping.container_id},
                    {"hostID", mapping.host_id},
                    {"size", mapping.size}});
  }
  return json;
}

Json device_json(const RuntimeDevice& device) {
  Json json = {{"type", device.type},   {"path", device.path}, {"major", device.major},
               {"minor", device.minor}, {"uid", device.uid},   {"gid", device.gid}};
  if (device.file_mode) json["fileMode"] = *device.file_mode;
  return json;
}

Json linux_json(const RuntimeLinux& section) {
  Json json = Json::object();
  for (const RuntimeNamespace& space : section.namespaces) {
    Json entry = {{"type", space.type}};
    if (!space.path.empty()) entry["path"] = space.path;
    json["namespaces"].push_back(std::move(entry));
  }
  if (!section.uid_mappings.empty()) json["uidMappings"] = mappings_json(section.uid_mappings);
  if (!section.gid_mappings.empty()) json["gidMappings"] = mappings_json(section.gid_mappings);
  if (!section.masked_paths.empty()) json["maskedPaths"] = section.masked_paths;
  if (!section.readonly_paths.empty()) json["readonlyPaths"] = section.readonly_paths;
  if (!section.rootfs_propagation.empty()) json["rootfsPropagation"] = section.rootfs_propagation;
  if (!section.cgroups_path.empty()) json["cgroupsPath"] = section.cgroups_path;
  Json resources = resources_json(section.resources);
  if (!resources.empty()) json["resources"] = std::move(resources);
  for (const RuntimeDevice& device : section.devices) {
    json["devices"].push_back(device_json(device));
  }
  if (!section.sysctl.empty()) json["sysctl"] = section.sysctl;
  for (const auto& [clock, offset] : section.time_offsets) {
    json["timeOffsets"][clock] = {{"secs", offset.seconds}, {"nanosecs", offset.nanoseconds}};
  }
  if (section.seccomp) json["seccomp"] = seccomp_json(*section.seccomp);
  if (section.has_intel_rdt) json["intelRdt"] = {{"closID", ""}};
  if (section.has_net_devices) json["netDevices"] = {{"", Json::object()}};
  return json;
}

}  // namespace

RuntimeConfig parse_runtime_config(std::string_view text) {
  Json json = parse_document(text, kMaxRuntimeConfigBytes, "config.json");
  Field document(&json, "config.json");
  RuntimeConfig config;
  document.member("ociVersion").read(config.oci_version);
  if (!config.oci_version.starts_with("1.")) document.member("ociVersion").refuse("version 1.x");
  if (!document.member("process").present()) document.member("process").refuse("an object");
  config.process = parse_process(document.member("process"));
  document.member("root").member("path").read(config.root.path);
  if (config.root.path.empty()) document.member("root").member("path").refuse("a path");
  document.member("root").member("readonly").read(config.root.readonly);
  document.member("hostname").read(config.hostname);
  document.member("domainname").read(config.domainname);
  read_structs(document.member("mounts"), config.mounts);
  config.linux_section = parse_linux(document.member("linux"));
  config.hooks = parse_hooks(document.member("hooks"));
  document.member("annotations").each_member([&](const std::string& key, const Field& value) {
    value.read(config.annotations[key]);
  });
  return config;
}

RuntimeProcess parse_runtime_process(std::string_view text) {
  Json json = parse_document(text, kMaxRuntimeConfigBytes, "process");
  return parse_process(Field(&json, "process"));
}

std::string to_json(const RuntimeConfig& config) {
  Json json = {{"ociVersion", config.oci_version},
               {"process", process_json(config.process)},
               {"root", {{"path", config.root.path}, {"readonly", config.root.readonly}}},
               {"linux", linux_json(config.linux_section)}};
  if (!config.hostname.empty()) json["hostname"] = config.hostname;
  if (!config.domainname.empty()) json["domainname"] = config.domainname;
  for (const RuntimeMount& mount : config.mounts) {
    Json entry = {{"destination", mount.destination}};
    if (!mount.type.empty()) entry["type"] = mount.type;
    if (!mount.source.empty()) entry["source"] = mount.source;
    if (!mount.options.empty()) entry["options"] = mount.options;
    if (!mount.uid_mappings.empty()) entry["uidMappings"] = mappings_json(mount.uid_mappings);
    if (!mount.gid_mappings.empty()) entry["gidMappings"] = mappings_json(mount.gid_mappings);
    json["mounts"].push_back(std::move(entry));
  }
  if (config.hooks != RuntimeHooks{}) json["hooks"] = hooks_json(config.hooks);
  if (!config.annotations.empty()) json["annotations"] = config.annotations;
  return print_document(json);
}

}  // namespace wherry::oci
