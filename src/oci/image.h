// The image specification's documents as values (OCI image-spec 1.1: descriptor.md, manifest.md,
// image-index.md, config.md), and what Docker's own formats add where they differ.
//
// parse_x throws Error "image manifest: layers[2]: digest: …"; to_json is its inverse for what we
// keep, with keys in order, so that equal values give equal bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "oci/platform.h"

namespace wherry::oci {

namespace media_type {
inline constexpr std::string_view kIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kLayer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view kDockerIndex =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
// A module as it is, without a file system around it: the CNCF artifact, runwasi's layers, and those of
// wasm-to-oci and Spin.
inline constexpr std::string_view kWasmConfig = "application/vnd.wasm.config.v0+json";
inline constexpr std::string_view kWasmLayer = "application/wasm";
inline constexpr std::string_view kRunwasiLayer =
    "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm";
inline constexpr std::string_view kWasmContentLayer = "application/vnd.wasm.content.layer.v1+wasm";
}  // namespace media_type

namespace annotation {
inline constexpr const char* kRefName = "org.opencontainers.image.ref.name";
inline constexpr const char* kImageName = "io.containerd.image.name";
}  // namespace annotation

// An index or a manifest lists things; a config carries the history of a build.
inline constexpr std::size_t kMaxManifestBytes = 4u << 20;
inline constexpr std::size_t kMaxConfigBytes = 8u << 20;
inline constexpr std::size_t kMaxLayers = 1000;

using Annotations = std::map<std::string, std::string>;

struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
  std::optional<Platform> platform;
  std::string artifact_type;
  Annotations annotations;

  bool operator==(const Descriptor&) const = default;
};

struct Index {
  std::vector<Descriptor> manifests;
  Annotations annotations;

  bool operator==(const Index&) const = default;
};

struct Manifest {
  std::string media_type;  // empty in old documents, which means kManifest
  std::string artifact_type;
  Descriptor config;
  std::vector<Descriptor> layers;
  Annotations annotations;

  bool operator==(const Manifest&) const = default;
};

struct History {
  std::string created;
  std::string created_by;
  std::string author;
  std::string comment;
  bool empty_layer = false;

  bool operator==(const History&) const = default;
};

// Docker's addition: the command that tells whether a container of the image is well.
struct Healthcheck {
  std::vector<std::string> test;  // {"NONE"}, {"CMD", …} or {"CMD-SHELL", "…"}
  // Nanoseconds; 0 where the one who runs it decides.
  std::uint64_t interval = 0;
  std::uint64_t timeout = 0;
  std::uint64_t start_period = 0;
  std::uint64_t start_interval = 0;
  std::uint64_t retries = 0;

  bool operator==(const Healthcheck&) const = default;
};

// What a container of the image starts with ("config" within the image's configuration).
struct ExecutionConfig {
  std::string user;
  std::vector<std::string> exposed_ports;  // "80/tcp", sorted
  std::vector<std::string> env;            // "NAME=value"
  std::optional<std::vector<std::string>> entrypoint;
  std::optional<std::vector<std::string>> cmd;
  std::vector<std::string> volumes;  // sorted
  std::string working_dir;
  std::map<std::string, std::string> labels;
  std::string stop_signal;
  // Docker's additions.
  std::optional<Healthcheck> healthcheck;
  std::vector<std::string> on_build;  // instructions for whoever builds on the image
  std::vector<std::string> shell;     // of shell forms; empty for the default

  bool operator==(const ExecutionConfig&) const = default;
};

struct ImageConfig {
  std::string created;  // RFC 3339, or empty
  std::string author;
  Platform platform;
  ExecutionConfig config;
  std::vector<Digest> diff_ids;
  std::vector<History> history;

  bool operator==(const ImageConfig&) const = default;
};

Index parse_index(std::string_view json);
Manifest parse_manifest(std::string_view json);
// Also reads the configuration of the CNCF Wasm artifact, which has a platform and little else.
ImageConfig parse_image_config(std::string_view json);

std::string to_json(const Index& index);
std::string to_json(const Manifest& manifest);
std::string to_json(const ImageConfig& config);
std::string to_json(const ExecutionConfig& config);

bool is_index(std::string_view media_type);
bool is_manifest(std::string_view media_type);
// A layer that is a module, not an archive.
bool is_wasm_layer(std::string_view media_type);

// The digest of a root file system after each layer (config.md, Layer ChainID).
// Requires: at least one layer.
Digest chain_id(const std::vector<Digest>& diff_ids);

}  // namespace wherry::oci
