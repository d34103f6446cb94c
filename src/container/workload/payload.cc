#include "container/workload/payload.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "container/runtime/entrypoint_file.h"
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

bool is_module_name(std::string_view name) {
  return name.ends_with(".wasm") || name.ends_with(".wat");
}

// Nothing where it cannot be found or read.
std::optional<Payload> by_entrypoint(const oci::RuntimeConfig& config, const std::string& bundle) {
  auto found = find_entrypoint(config, bundle);
  if (!found) return std::nullopt;
  std::array<std::uint8_t, 4> start{};
  ssize_t got = ::pread(found->file.get(), start.data(), start.size(), 0);
  if (got == static_cast<ssize_t>(start.size()) && wasm::has_wasm_magic(start)) {
    return Payload::Wasm;
  }
  // A broken module is better told so by us than by a shell.
  return is_module_name(found->path) ? Payload::Wasm : Payload::Linux;
}

}  // namespace

Payload payload_of(const oci::RuntimeConfig& config, const std::string& bundle, Payload otherwise) {
  if (is_pod_sandbox(config)) return Payload::Linux;
  if (auto payload = by_annotations(config)) return *payload;
  if (mounts_its_root(config)) return Payload::Wasm;
  if (auto payload = by_entrypoint(config, bundle)) return *payload;
  return is_module_name(entrypoint_path(config.process.args[0])) ? Payload::Wasm : otherwise;
}

}  // namespace wherry::container
