#include "oci/runtime_resources_json.h"

#include <nlohmann/json.hpp>

#include "oci/json_reader.h"

namespace wherry::oci {
namespace {

using Json = nlohmann::json;

DeviceRule read_device(const Field& field) {
  DeviceRule rule;
  field.member("allow").read(rule.allow);
  std::string type = "a";
  field.member("type").read(type);
  if (type.empty()) type = "a";
  if (type != "a" && type != "b" && type != "c" && type != "u") {
    field.member("type").refuse("'a', 'b', 'c' or 'u'");
  }
  rule.type = type == "u" ? 'c' : type[0];
  field.member("major").read(rule.major);
  field.member("minor").read(rule.minor);
  if (rule.major == -1) rule.major.reset();
  if (rule.minor == -1) rule.minor.reset();
  if (rule.major.value_or(0) < 0) field.member("major").refuse("a device number");
  if (rule.minor.value_or(0) < 0) field.member("minor").refuse("a device number");
  field.member("access").read(rule.access);
  if (rule.access.empty()) rule.access = "rwm";
  if (rule.access.size() > 3 || rule.access.find_first_not_of("rwm") != std::string::npos) {
    field.member("access").refuse("letters of 'rwm'");
  }
  return rule;
}

void read_memory(const Field& field, MemoryResources& memory) {
  field.member("limit").read(memory.limit);
  field.member("reservation").read(memory.reservation);
  field.member("swap").read(memory.swap);
  field.member("kernel").read(memory.kernel);
  field.member("kernelTCP").read(memory.kernel_tcp);
  field.member("swappiness").read(memory.swappiness);
  field.member("disableOOMKiller").read(memory.disable_oom_killer);
  field.member("useHierarchy").read(memory.use_hierarchy);
  field.member("checkBeforeUpdate").read(memory.check_before_update);
}

void read_cpu(const Field& field, CpuResources& cpu) {
  field.member("shares").read(cpu.shares);
  field.member("quota").read(cpu.quota);
  field.member("burst").read(cpu.burst);
  field.member("period").read(cpu.period);
  field.member("realtimeRuntime").read(cpu.realtime_runtime);
  field.member("realtimePeriod").read(cpu.realtime_period);
  field.member("cpus").read(cpu.cpus);
  field.member("mems").read(cpu.mems);
  field.member("idle").read(cpu.idle);
}

void read_rates(const Field& field, std::vector<BlockRate>& rates) {
  field.each([&](const Field& entry) {
    BlockRate& rate = rates.emplace_back();
    entry.member("major").read(rate.major);
    entry.member("minor").read(rate.minor);
    entry.member("rate").read(rate.rate);
  });
}

void read_block(const Field& field, BlockResources& block) {
  field.member("weight").read(block.weight);
  field.member("leafWeight").read(block.leaf_weight);
  field.member("weightDevice").each([&](const Field& entry) {
    BlockWeight& weight = block.weight_devices.emplace_back();
    entry.member("major").read(weight.major);
    entry.member("minor").read(weight.minor);
    entry.member("weight").read(weight.weight);
    entry.member("leafWeight").read(weight.leaf_weight);
  });
  read_rates(field.member("throttleReadBpsDevice"), block.read_bytes);
  read_rates(field.member("throttleWriteBpsDevice"), block.write_bytes);
  read_rates(field.member("throttleReadIOPSDevice"), block.read_operations);
  read_rates(field.member("throttleWriteIOPSDevice"), block.write_operations);
}

// The name becomes a file's: one that leads elsewhere is refused here.
void read_unified(const Field& field, std::map<std::string, std::string>& unified) {
  field.each_member([&](const std::string& name, const Field& value) {
    bool good = name.find('.') != std::string::npos && name[0] != '.' &&
                name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
    if (!good) value.refuse("the name of a cgroup file, as in 'memory.high'");
    value.read(unified[name]);
  });
}

// The name becomes a part of a file's.
void read_hugepages(const Field& field, std::vector<HugepageLimit>& limits) {
  field.each([&](const Field& entry) {
    HugepageLimit& limit = limits.emplace_back();
    entry.member("pageSize").read(limit.page_size);
    entry.member("limit").read(limit.limit);
    if (limit.page_size.empty() || limit.page_size.find('/') != std::string::npos) {
      entry.member("pageSize").refuse("a size, as in '2MB'");
    }
  });
}

void read_network(const Field& field, NetworkResources& network) {
  field.member("classID").read(network.class_id);
  field.member("priorities").each([&](const Field& entry) {
    NetworkPriority& priority = network.priorities.emplace_back();
    entry.member("name").read(priority.name);
    entry.member("priority").read(priority.priority);
  });
}

template <typename Value>
void put(Json& into, const char* name, const std::optional<Value>& value) {
  if (value) into[name] = *value;
}

void put_section(Json& into, const char* name, Json section) {
  if (!section.empty()) into[name] = std::move(section);
}

Json devices_json(const std::vector<DeviceRule>& rules) {
  Json json = Json::array();
  for (const DeviceRule& rule : rules) {
    Json entry = {
        {"allow", rule.allow}, {"type", std::string(1, rule.type)}, {"access", rule.access}};
    put(entry, "major", rule.major);
    put(entry, "minor", rule.minor);
    json.push_back(std::move(entry));
  }
  return json;
}

Json memory_json(const MemoryResources& memory) {
  Json json = Json::object();
  put(json, "limit", memory.limit);
  put(json, "reservation", memory.reservation);
  put(json, "swap", memory.swap);
  put(json, "kernel", memory.kernel);
  put(json, "kernelTCP", memory.kernel_tcp);
  put(json, "swappiness", memory.swappiness);
  put(json, "disableOOMKiller", memory.disable_oom_killer);
  put(json, "useHierarchy", memory.use_hierarchy);
  put(json, "checkBeforeUpdate", memory.check_before_update);
  return json;
}

Json cpu_json(const CpuResources& cpu) {
  Json json = Json::object();
  put(json, "shares", cpu.shares);
  put(json, "quota", cpu.quota);
  put(json, "burst", cpu.burst);
  put(json, "period", cpu.period);
  put(json, "realtimeRuntime", cpu.realtime_runtime);
  put(json, "realtimePeriod", cpu.realtime_period);
  if (!cpu.cpus.empty()) json["cpus"] = cpu.cpus;
  if (!cpu.mems.empty()) json["mems"] = cpu.mems;
  put(json, "idle", cpu.idle);
  return json;
}

Json rates_json(const std::vector<BlockRate>& rates) {
  Json json = Json::array();
  for (const BlockRate& rate : rates) {
    json.push_back({{"major", rate.major}, {"minor", rate.minor}, {"rate", rate.rate}});
  }
  return json;
}

Json block_json(const BlockResources& block) {
  Json json = Json::object();
  put(json, "weight", block.weight);
  put(json, "leafWeight", block.leaf_weight);
  for (const BlockWeight& weight : block.weight_devices) {
    Json entry = {{"major", weight.major}, {"minor", weight.minor}};
    put(entry, "weight", weight.weight);
    put(entry, "leafWeight", weight.leaf_weight);
    json["weightDevice"].push_back(std::move(entry));
  }
  put_section(json, "throttleReadBpsDevice", rates_json(block.read_bytes));
  put_section(json, "throttleWriteBpsDevice", rates_json(block.write_bytes));
  put_section(json, "throttleReadIOPSDevice", rates_json(block.read_operations));
  put_section(json, "throttleWriteIOPSDevice", rates_json(block.write_operations));
  return json;
}

Json network_json(const NetworkResources& network) {
  Json json = Json::object();
  put(json, "classID", network.class_id);
  for (const NetworkPriority& priority : network.priorities) {
    json["priorities"].push_back({{"name", priority.name}, {"priority", priority.priority}});
  }
  return json;
}

Json rdma_json(const std::map<std::string, RdmaLimit>& rdma) {
  Json json = Json::object();
  for (const auto& [device, limit] : rdma) {
    Json entry = Json::object();
    put(entry, "hcaHandles", limit.handles);
    put(entry, "hcaObjects", limit.objects);
    json[device] = std::move(entry);
  }
  return json;
}

}  // namespace

RuntimeResources read_resources(const Field& field) {
  RuntimeResources resources;
  field.member("devices").each(
      [&](const Field& entry) { resources.devices.push_back(read_device(entry)); });
  read_memory(field.member("memory"), resources.memory);
  read_cpu(field.member("cpu"), resources.cpu);
  field.member("pids").member("limit").read(resources.pids_limit);
  read_block(field.member("blockIO"), resources.block);
  read_hugepages(field.member("hugepageLimits"), resources.hugepages);
  read_network(field.member("network"), resources.network);
  field.member("rdma").each_member([&](const std::string& device, const Field& entry) {
    RdmaLimit& limit = resources.rdma[device];
    entry.member("hcaHandles").read(limit.handles);
    entry.member("hcaObjects").read(limit.objects);
  });
  read_unified(field.member("unified"), resources.unified);
  return resources;
}

Json resources_json(const RuntimeResources& resources) {
  Json json = Json::object();
  put_section(json, "devices", devices_json(resources.devices));
  put_section(json, "memory", memory_json(resources.memory));
  put_section(json, "cpu", cpu_json(resources.cpu));
  if (resources.pids_limit) json["pids"] = {{"limit", *resources.pids_limit}};
  put_section(json, "blockIO", block_json(resources.block));
  for (const HugepageLimit& limit : resources.hugepages) {
    json["hugepageLimits"].push_back({{"pageSize", limit.page_size}, {"limit", limit.limit}});
  }
  put_section(json, "network", network_json(resources.network));
  put_section(json, "rdma", rdma_json(resources.rdma));
  if (!resources.unified.empty()) json["unified"] = resources.unified;
  return json;
}

RuntimeResources parse_runtime_resources(std::string_view text) {
  Json json = parse_document(text, kMaxResourcesBytes, "resources");
  return read_resources(Field(&json, "resources"));
}

std::string to_json(const RuntimeResources& resources) {
  return print_document(resources_json(resources));
}

}  // namespace wherry::oci
