#include "container/workload/payload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "container/workload/entrypoint.h"
#include "os/path_at.h"
#include "wasm/format/decode.h"

namespace wherry::container {
namespace {

std::string_view annotation(const oci::RuntimeConfig& config, const char* name) {
  auto found = config.annotations.find(name);
  return found == config.annotations.end() ? std::string_view() : std::string_view(found->second);
}

bool is_pod_sandbox(const oci::RuntimeConfig& config) {
  return annotation(config, "io.kubernetes.cri.container-type") == "sandbox" ||
         annotation(config, "io.kubernetes.cri-o.ContainerType") == "sandbox";
}

// The "smart" values mean what is done without them: look at the entrypoint.
std::optional<Payload> by_annotations(const oci::RuntimeConfig& config) {
  constexpr std::array<std::string_view, 5> kWasmHandlers = {"wasm", "wasmedge", "wasmtime",
                                                             "wasmer", "wamr"};
  std::string_view handler = annotation(config, "run.oci.handler");
  if (std::ranges::find(kWasmHandlers, handler) != kWasmHandlers.end()) return Payload::Wasm;
  if (!handler.empty() && handler != "wasm-smart") return Payload::Linux;
  if (annotation(config, "module.wasm.image/variant") == "compat") return Payload::Wasm;
  return std::nullopt;
}

// A mount on "/" is an extension of ours: no other runtime would see the root file system.
bool mounts_its_root(const oci::RuntimeConfig& config) {
  return std::ranges::any_of(config.mounts,
                             [](const auto& mount) { return mount.destination == "/"; });
}

bool is_bind(const oci::RuntimeMount& mount) {
  return mount.type == "bind" || std::ranges::any_of(mount.options, [](const std::string& option) {
           return option == "bind" || option == "rbind";
         });
}

std::string from_bundle(const std::string& path, const std::string& bundle) {
  return path.starts_with('/') ? path : bundle + "/" + path;
}

// What of path is below directory: "" for itself, nothing where it is not.
std::optional<std::string> rest_below(std::string_view path, std::string_view directory) {
  while (directory.ends_with('/')) directory.remove_suffix(1);
  if (!path.starts_with(directory)) return std::nullopt;
  path.remove_prefix(directory.size());
  if (!path.empty() && path.front() != '/') return std::nullopt;
  return std::string(path);
}

// The directory or file of the host that a container's path will be in, and the rest of the path. No
// directory where it will be on a file system that does not exist yet.
struct Place {
  std::string host;
  std::string rest;
};
Place place_of(const std::string& path, const oci::RuntimeConfig& config,
               const std::string& bundle) {
  Place place{.host = from_bundle(config.root.path, bundle), .rest = path};
  for (const oci::RuntimeMount& mount : config.mounts) {
    auto rest = rest_below(path, mount.destination);
    // Of two that hold it the deeper one is seen, and of two on one place the later.
    if (!rest || rest->size() > place.rest.size()) continue;
    place = {.host = is_bind(mount) ? from_bundle(mount.source, bundle) : std::string(),
             .rest = std::move(*rest)};
  }
  return place;
}

os::Fd open_for_reading(const Place& place) {
  constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
  if (place.host.empty()) return {};
  if (place.rest.empty()) return os::Fd(::open(place.host.c_str(), kFlags | O_CLOEXEC));
  os::Fd directory(::open(place.host.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) return {};
  return os::try_open_at(directory.get(), place.rest.c_str(), {.flags = kFlags}).fd;
}

bool is_module_name(std::string_view name) {
  return name.ends_with(".wasm") || name.ends_with(".wat");
}

// Nothing where it cannot be found or read.
std::optional<Payload> by_entrypoint(const oci::RuntimeConfig& config, const std::string& bundle) {
  for (const std::string& path : entrypoint_candidates(config.process)) {
    os::Fd file = open_for_reading(place_of(path, config, bundle));
    struct stat status{};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    std::array<std::uint8_t, 4> start{};
    ssize_t got = ::pread(file.get(), start.data(), start.size(), 0);
    if (got == static_cast<ssize_t>(start.size()) && wasm::has_wasm_magic(start)) {
      return Payload::Wasm;
    }
    // A broken module is better told so by us than by a shell.
    return is_module_name(path) ? Payload::Wasm : Payload::Linux;
  }
  return std::nullopt;
}

}  // namespace

Payload payload_of(const oci::RuntimeConfig& config, const std::string& bundle, Payload otherwise) {
  if (is_pod_sandbox(config)) return Payload::Linux;
  if (auto payload = by_annotations(config)) return *payload;
  if (mounts_its_root(config)) return Payload::Wasm;
  if (auto payload = by_entrypoint(config, bundle)) return *payload;
  return is_module_name(config.process.args[0]) ? Payload::Wasm : otherwise;
}

}  // namespace wherry::container
