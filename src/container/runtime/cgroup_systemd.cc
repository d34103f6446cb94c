#include "container/runtime/cgroup_systemd.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>

#include "base/error.h"
#include "container/runtime/cgroup_limits.h"
#include "os/dbus.h"

namespace wherry::container {
namespace {

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kObject = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr std::uint64_t kInfinity = ~std::uint64_t{0};

bool is_unit_name(std::string_view name) {
  return !name.empty() && name.size() < 256 &&
         std::all_of(
             name.begin(), name.end(),
             [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view(":-_.\\@+").find(c) != std::string_view::npos;
             });
}

// A list of properties, a(sv).
class Properties {
 public:
  explicit Properties(os::DbusWriter& writer) : writer_(writer) {}
  void add(std::string_view name, bool value) {
    begin(name, "b");
    writer_.boolean(value);
  }
  void add(std::string_view name, std::uint64_t value) {
    begin(name, "t");
    writer_.uint64(value);
  }
  void add(std::string_view name, std::string_view value) {
    begin(name, "s");
    writer_.string(value);
  }
  void add_numbers(std::string_view name, std::uint32_t number) {
    begin(name, "au");
    std::size_t array = writer_.begin_array(4);
    writer_.uint32(number);
    writer_.end_array(array);
  }
  void add_names(std::string_view name, std::string_view value) {
    begin(name, "as");
    std::size_t array = writer_.begin_array(4);
    writer_.string(value);
    writer_.end_array(array);
  }
  // Numbers as the bits that are set.
  void add_bits(std::string_view name, const std::vector<std::uint16_t>& numbers) {
    std::vector<std::uint8_t> bytes;
    for (std::uint16_t number : numbers) {
      bytes.resize(std::max<std::size_t>(bytes.size(), number / 8 + 1u));
      bytes[number / 8] = static_cast<std::uint8_t>(bytes[number / 8] | 1u << number % 8);
    }
    begin(name, "ay");
    std::size_t array = writer_.begin_array(1);
    for (std::uint8_t byte : bytes) writer_.byte(byte);
    writer_.end_array(array);
  }

 private:
  void begin(std::string_view name, std::string_view type) {
    writer_.begin_struct();
    writer_.string(name);
    writer_.signature(type);
  }
  os::DbusWriter& writer_;
};

std::uint64_t or_infinity(std::int64_t value) {
  return value < 0 ? kInfinity : static_cast<std::uint64_t>(value);
}

void add_cpu(Properties& properties, const oci::CpuResources& cpu, CgroupVersion version) {
  bool v2 = version == CgroupVersion::V2;
  if (auto shares = set_value(cpu.shares)) {
    properties.add(v2 ? "CPUWeight" : "CPUShares", v2 ? cpu_weight_of(*shares) : *shares);
  }
  if (auto quota = set_value(cpu.quota)) {
    constexpr std::uint64_t kSecond = 1000000;
    constexpr std::uint64_t kStep = 10000;  // systemd refuses what is finer
    std::uint64_t period = set_value(cpu.period).value_or(100000);
    std::uint64_t each_second =
        *quota < 0
            ? kInfinity
            : (static_cast<std::uint64_t>(*quota) * kSecond / period + kStep - 1) / kStep * kStep;
    properties.add("CPUQuotaPerSecUSec", each_second);
  }
  if (v2 && !cpu.cpus.empty()) properties.add_bits("AllowedCPUs", parse_number_list(cpu.cpus));
  if (v2 && !cpu.mems.empty()) {
    properties.add_bits("AllowedMemoryNodes", parse_number_list(cpu.mems));
  }
}

void add_limits(Properties& properties, const oci::RuntimeResources& resources,
                CgroupVersion version) {
  bool v2 = version == CgroupVersion::V2;
  const oci::MemoryResources& memory = resources.memory;
  if (auto limit = set_value(memory.limit)) {
    properties.add(v2 ? "MemoryMax" : "MemoryLimit", or_infinity(*limit));
  }
  if (auto low = set_value(memory.reservation); low && v2) {
    properties.add("MemoryLow", or_infinity(*low));
  }
  if (auto swap = swap_alone(memory); swap && v2) {
    properties.add("MemorySwapMax", or_infinity(*swap));
  }
  add_cpu(properties, resources.cpu, version);
  if (auto pids = set_value(resources.pids_limit)) properties.add("TasksMax", or_infinity(*pids));
  if (auto weight = set_value(resources.block.weight)) {
    properties.add(v2 ? "IOWeight" : "BlockIOWeight",
                   v2 ? io_weight_of(*weight) : std::uint64_t{*weight});
  }
}

os::DbusConnection connect(SystemdInstance instance) {
  // Bus addresses other than a socket's path are rare, and nowhere systemd's own.
  auto path_of = [](const char* variable) {
    const char* address = std::getenv(variable);
    std::string_view text = address ? address : "";
    constexpr std::string_view kPrefix = "unix:path=";
    if (!text.starts_with(kPrefix)) return std::string();
    return std::string(text.substr(kPrefix.size(), text.find(',') - kPrefix.size()));
  };
  if (instance == SystemdInstance::System) {
    std::string bus = path_of("DBUS_SYSTEM_BUS_ADDRESS");
    if (bus.empty()) bus = "/run/dbus/system_bus_socket";
    // systemd itself listens where no bus runs, or has not started yet.
    if (::access(bus.c_str(), F_OK) != 0 && ::access("/run/systemd/private", F_OK) == 0) {
      return {"/run/systemd/private", os::DbusConnection::Peer::Service};
    }
    return {bus, os::DbusConnection::Peer::Bus};
  }
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  std::string folder = runtime ? runtime : fmt::format("/run/user/{}", ::getuid());
  std::string bus = path_of("DBUS_SESSION_BUS_ADDRESS");
  if (bus.empty()) bus = folder + "/bus";
  std::string direct = folder + "/systemd/private";
  if (::access(bus.c_str(), F_OK) != 0 && ::access(direct.c_str(), F_OK) == 0) {
    return {direct, os::DbusConnection::Peer::Service};
  }
  return {bus, os::DbusConnection::Peer::Bus};
}

os::DbusMessage manager_call(const char* member, const char* signature,
                             const os::DbusWriter& body) {
  return {.path = kObject,
          .interface = kManager,
          .member = member,
          .destination = kService,
          .signature = signature,
          .body = body.bytes()};
}

}  // namespace

struct Systemd::Connection {
  explicit Connection(SystemdInstance instance) : bus(connect(instance)) {}

  // Returns when the job that an answer names is done.
  void await_job(const os::DbusMessage& answer, const std::string& unit) {
    std::string job = os::DbusReader(answer.body).string();
    for (;;) {
      os::DbusMessage signal = bus.next_signal();
      if (signal.member != "JobRemoved" || signal.interface != kManager) continue;
      os::DbusReader reader(signal.body);
      reader.uint32();
      if (reader.string() != job) continue;
      reader.string();
      std::string result = reader.string();
      if (result != "done") {
        fail(ErrorKind::Unavailable, "the job for '{}' ended as '{}'", unit, result);
      }
      return;
    }
  }
  // Jobs are told of to everybody who asked, by the bus; a direct connection hears of all.
  void hear_of_jobs() {
    os::DbusWriter body;
    body.string(fmt::format("type='signal',interface='{}',member='JobRemoved'", kManager));
    os::DbusMessage match{.path = "/org/freedesktop/DBus",
                          .interface = "org.freedesktop.DBus",
                          .member = "AddMatch",
                          .destination = "org.freedesktop.DBus",
                          .signature = "s",
                          .body = body.bytes()};
    if (bus.peer() == os::DbusConnection::Peer::Bus) bus.call(match);
  }

  os::DbusConnection bus;
};

SystemdName parse_systemd_name(std::string_view path, std::string_view id,
                               std::string_view default_slice) {
  std::array<std::string_view, 3> parts{default_slice, "wherry", id};
  if (!path.empty()) {
    std::size_t first = path.find(':');
    std::size_t second = first == path.npos ? path.npos : path.find(':', first + 1);
    if (second == path.npos) {
      fail(ErrorKind::InvalidArgument,
           "config.json: linux.cgroupsPath: '{}' is not 'slice:prefix:name', which systemd needs",
           path);
    }
    if (first > 0) parts[0] = path.substr(0, first);
    parts[1] = path.substr(first + 1, second - first - 1);
    parts[2] = path.substr(second + 1);
  }
  SystemdName name{.slice = std::string(parts[0]), .unit = std::string(parts[2])};
  if (!name.unit.ends_with(".slice")) {
    name.unit = fmt::format("{}{}{}.scope", parts[1], parts[1].empty() ? "" : "-", parts[2]);
  }
  if (parts[2].empty() || !is_unit_name(name.unit)) {
    fail(ErrorKind::InvalidArgument, "config.json: linux.cgroupsPath: '{}' makes no unit name",
         path);
  }
  slice_path(name.slice);
  return name;
}

std::string slice_path(std::string_view slice) {
  constexpr std::string_view kSuffix = ".slice";
  bool good = is_unit_name(slice) && slice.ends_with(kSuffix) && slice.size() > kSuffix.size();
  if (slice == "-.slice") return "";
  std::string path;
  std::string_view stem = good ? slice.substr(0, slice.size() - kSuffix.size()) : "";
  good = good && stem.front() != '-' && stem.back() != '-' && stem.find("--") == stem.npos;
  if (!good) fail(ErrorKind::InvalidArgument, "'{}' is no name of a slice", slice);
  for (std::size_t dash = stem.find('-');; dash = stem.find('-', dash + 1)) {
    path += fmt::format("/{}{}", stem.substr(0, dash), kSuffix);
    if (dash == stem.npos) return path;
  }
}

Systemd::Systemd(SystemdInstance instance) {
  in_context([] { return std::string("systemd"); },
             [&] { connection_ = std::make_unique<Connection>(instance); });
}

Systemd::~Systemd() = default;

std::string Systemd::control_group() {
  return in_context([] { return std::string("systemd"); },
                    [&] {
                      os::DbusWriter body;
                      body.string(kManager);
                      body.string("ControlGroup");
                      os::DbusMessage answer =
                          connection_->bus.call({.path = kObject,
                                                 .interface = "org.freedesktop.DBus.Properties",
                                                 .member = "Get",
                                                 .destination = kService,
                                                 .signature = "ss",
                                                 .body = body.bytes()});
                      os::DbusReader reader(answer.body);
                      if (reader.signature() != "s") {
                        fail(ErrorKind::DataLoss, "its control group is no string");
                      }
                      return os::check_cgroup_path(reader.string());
                    });
}

void Systemd::start(const SystemdName& name, const std::string& description, pid_t first,
                    const oci::RuntimeResources& resources, CgroupVersion version) {
  bool is_slice = name.unit.ends_with(".slice");
  os::DbusWriter body;
  body.string(name.unit);
  body.string("replace");
  std::size_t array = body.begin_array(8);
  Properties properties(body);
  properties.add("Description", description);
  // A slice has its place by its name.
  if (is_slice) {
    properties.add_names("Wants", name.slice);
  } else {
    properties.add("Slice", name.slice);
    properties.add_numbers("PIDs", static_cast<std::uint32_t>(first));
    properties.add("Delegate", true);
    properties.add("CollectMode", std::string_view("inactive-or-failed"));
  }
  properties.add("DefaultDependencies", false);
  for (const char* accounting : {"MemoryAccounting", "CPUAccounting", "TasksAccounting"}) {
    properties.add(accounting, true);
  }
  properties.add(version == CgroupVersion::V2 ? "IOAccounting" : "BlockIOAccounting", true);
  add_limits(properties, resources, version);
  body.end_array(array);
  body.end_array(body.begin_array(8));  // no further units
  in_context([&] { return fmt::format("systemd: start '{}'", name.unit); },
             [&] {
               connection_->hear_of_jobs();
               os::DbusMessage answer = connection_->bus.call(
                   manager_call("StartTransientUnit", "ssa(sv)a(sa(sv))", body));
               connection_->await_job(answer, name.unit);
             });
}

void Systemd::set_limits(const std::string& unit, const oci::RuntimeResources& resources,
                         CgroupVersion version) {
  os::DbusWriter body;
  body.string(unit);
  body.boolean(true);  // until the unit ends
  std::size_t array = body.begin_array(8);
  Properties properties(body);
  add_limits(properties, resources, version);
  body.end_array(array);
  in_context([&] { return fmt::format("systemd: change '{}'", unit); },
             [&] { connection_->bus.call(manager_call("SetUnitProperties", "sba(sv)", body)); });
}

void Systemd::stop(const std::string& unit) {
  os::DbusWriter body;
  body.string(unit);
  body.string("replace");
  in_context([&] { return fmt::format("systemd: stop '{}'", unit); },
             [&] {
               connection_->hear_of_jobs();
               auto answer = connection_->bus.call_if_unit(manager_call("StopUnit", "ss", body));
               if (answer) connection_->await_job(*answer, unit);
             });
}

}  // namespace wherry::container
