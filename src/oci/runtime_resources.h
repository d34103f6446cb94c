// config.json's linux.resources as plain values (runtime-spec 1.2, config-linux.md, "Control
// groups"), also read alone: `update --resources` takes the same object.
//
// An absent field is nothing. So is 0 where 0 means "as it is", which callers that print all fields
// of a struct rely on: every number but cpu.idle, memory.swappiness and network.classID.
// Pure: no input or output. Thread safety: values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::oci {

struct DeviceRule {
  bool allow = false;
  char type = 'a';                    // 'a'll, 'c'haracter, 'b'lock
  std::optional<std::int64_t> major;  // nothing (or -1 in the file): any
  std::optional<std::int64_t> minor;
  std::string access = "rwm";  // of r, w, m
  bool operator==(const DeviceRule&) const = default;
};

struct MemoryResources {  // bytes; -1 is unlimited
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> reservation;
  std::optional<std::int64_t> swap;  // memory and swap together
  std::optional<std::int64_t> kernel;
  std::optional<std::int64_t> kernel_tcp;
  std::optional<std::uint64_t> swappiness;  // 0 to 100
  std::optional<bool> disable_oom_killer;
  std::optional<bool> use_hierarchy;
  std::optional<bool> check_before_update;
  bool operator==(const MemoryResources&) const = default;
};

struct CpuResources {
  std::optional<std::uint64_t> shares;
  std::optional<std::int64_t> quota;  // microseconds in a period; -1 is unlimited
  std::optional<std::uint64_t> burst;
  std::optional<std::uint64_t> period;
  std::optional<std::int64_t> realtime_runtime;
  std::optional<std::uint64_t> realtime_period;
  std::string cpus;  // "0-2,7"
  std::string mems;
  std::optional<std::int64_t> idle;
  bool operator==(const CpuResources&) const = default;
};

struct BlockWeight {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::uint16_t> weight;
  std::optional<std::uint16_t> leaf_weight;
  bool operator==(const BlockWeight&) const = default;
};

struct BlockRate {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::uint64_t rate = 0;
  bool operator==(const BlockRate&) const = default;
};

struct BlockResources {
  std::optional<std::uint16_t> weight;
  std::optional<std::uint16_t> leaf_weight;
  std::vector<BlockWeight> weight_devices;
  std::vector<BlockRate> read_bytes;  // a second
  std::vector<BlockRate> write_bytes;
  std::vector<BlockRate> read_operations;
  std::vector<BlockRate> write_operations;
  bool operator==(const BlockResources&) const = default;
};

struct HugepageLimit {
  std::string page_size;  // "2MB"
  std::uint64_t limit = 0;
  bool operator==(const HugepageLimit&) const = default;
};

struct NetworkPriority {
  std::string name;
  std::uint32_t priority = 0;
  bool operator==(const NetworkPriority&) const = default;
};

struct NetworkResources {
  std::optional<std::uint32_t> class_id;
  std::vector<NetworkPriority> priorities;
  bool operator==(const NetworkResources&) const = default;
};

struct RdmaLimit {
  std::optional<std::uint32_t> handles;
  std::optional<std::uint32_t> objects;
  bool operator==(const RdmaLimit&) const = default;
};

struct RuntimeResources {
  std::vector<DeviceRule> devices;  // in order; a later rule overrides an earlier
  MemoryResources memory;
  CpuResources cpu;
  std::optional<std::int64_t> pids_limit;  // -1 is unlimited
  BlockResources block;
  std::vector<HugepageLimit> hugepages;
  NetworkResources network;
  std::map<std::string, RdmaLimit> rdma;       // by device
  std::map<std::string, std::string> unified;  // file of cgroup v2 to its contents
  bool operator==(const RuntimeResources&) const = default;
};

inline constexpr std::size_t kMaxResourcesBytes = 1u << 20;

// Throws Error(InvalidArgument): "resources: memory.limit: expected a whole number".
RuntimeResources parse_runtime_resources(std::string_view text);

// The inverse.
std::string to_json(const RuntimeResources& resources);

}  // namespace wherry::oci
