// The local images: an OCI Image Layout on disk, and what was unpacked from it.
//
//   ROOT/images/oci-layout, index.json, blobs/sha256/…   the layout (image-spec image-layout.md)
//   ROOT/snapshots/<chain id>/rootfs                      a root file system, unpacked once
//   ROOT/layers/<algorithm>-<hex>.<container>             made by whoever makes containers: its name
//                                                         says which image the container stands on
//   ROOT/tmp/                                             what is being written; swept by gc
//   ROOT/lock, ROOT/index.lock                            see below
//
// skopeo reads the layout as it is, by the familiar name with its tag:
//   skopeo inspect oci:/var/lib/wherry/images:demo/hello:latest
//
// Concurrency: any number of processes may use one store. Every file appears by rename when it is
// whole and on disk, so that a killed process leaves at most garbage in tmp/. index.json changes
// under an exclusive lock on index.lock. Whoever adds blobs that nothing refers to yet, or uses an
// image that nothing pins yet, holds a Lease (a shared lock on ROOT/lock) until it is done;
// collect_garbage() takes that lock alone, and does nothing where it cannot have it at once.
// The kernel drops the locks of a process that dies.
//
// Thread safety: a Store may be used from several threads at once; the other classes by one each.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/store/blob.h"
#include "oci/image.h"
#include "oci/reference.h"
#include "os/fd.h"

namespace wherry::image {

// Keeps garbage collection away for as long as it lives.
class Lease {
 public:
  explicit Lease(os::Fd lock) : lock_(std::move(lock)) {}

 private:
  os::Fd lock_;
};

// One image, its documents read and verified.
struct Image {
  oci::Descriptor target;  // of the manifest
  oci::Manifest manifest;
  oci::ImageConfig config;
  std::vector<oci::Reference> names;  // sorted; empty for an image that lost its name

  const Digest& id() const { return target.digest; }
  std::uint64_t size() const;  // of all its blobs
};

// A root file system to be mounted read-only below a container's own layer.
struct RootFs {
  std::string path;  // absolute where the store's root is
  // Layers that are modules (CNCF artifact, runwasi) name no entrypoint of their own: the path, in
  // the root file system, of the module to start. Empty for an ordinary image.
  std::string module;
};

struct Removal {
  std::vector<oci::Reference> untagged;
  std::optional<Digest> deleted;  // the image itself went, not only a name
};

struct Collected {
  std::size_t blobs = 0;
  std::size_t snapshots = 0;
  std::uint64_t bytes = 0;  // of blobs
};

class Store {
 public:
  // Makes what is missing. Throws where root cannot be written.
  explicit Store(std::string root);

  Lease lease() const;

  // Blobs -----------------------------------------------------------------------------------------

  BlobWriter create_blob() const;
  StoredBlob put_blob(std::string_view bytes) const;
  bool has_blob(const Digest& digest) const;
  // Throws NotFound, or DataLoss "blob sha256:… is corrupt" once the end is read.
  BlobReader open_blob(const Digest& digest) const;
  // The whole of a small blob, verified. Throws as open_blob, and where it is larger than limit.
  std::string read_blob(const Digest& digest, std::size_t limit) const;

  // Images ----------------------------------------------------------------------------------------

  // Makes a stored manifest an image of the store; name moves here from whatever bore it, which
  // keeps existing without a name. Throws as check_whole does.
  // Requires: a Lease since before its blobs were written.
  void add_image(const oci::Descriptor& manifest, const std::optional<oci::Reference>& name) const;

  // The image of a manifest that need not be in the index. Throws where the manifest, its config or
  // a layer is missing or unreadable.
  Image check_whole(const oci::Descriptor& manifest) const;

  // By name, or by ID or an unambiguous beginning of one, with or without "sha256:".
  std::optional<Image> find(std::string_view name_or_id) const;
  // Throws NotFound "no image named 'x'".
  Image resolve(std::string_view name_or_id) const;
  // Whether find() means an image, readable or not.
  bool knows(std::string_view name_or_id) const;
  // Newest first. An image whose documents cannot be read is reported through the second member.
  std::pair<std::vector<Image>, std::vector<std::string>> list() const;

  void tag(const Image& image, const oci::Reference& name) const;

  // Takes a name away, or, with the last of them or by ID, the image. Throws FailedPrecondition
  // where a container stands on the image, or an ID is meant that several names bear and not force.
  Removal remove(std::string_view name_or_id, bool force) const;

  // The containers that stand on an image.
  std::vector<std::string> users_of(const Digest& image) const;

  // Removes blobs and snapshots that no image and no container needs, and what killed processes
  // left in tmp/. Nothing where somebody holds a Lease. Throws where an
  // image cannot be read.
  std::optional<Collected> collect_garbage() const;

  // Root file systems -----------------------------------------------------------------------------

  // Unpacks the image's layers, or finds them unpacked. Requires: a Lease, or a container that
  // stands on the image. Throws a line that names the layer and the entry.
  RootFs rootfs(const Image& image) const;

  // The digest that a file of an unpacked image had, recorded while it was written: of Wasm modules
  // only. `path` is absolute in the root file system.
  std::optional<Digest> module_digest(const RootFs& rootfs, std::string_view path) const;

  const std::string& root() const { return root_; }

 private:
  oci::Index read_index() const;
  void change_index(const std::function<void(oci::Index&)>& change) const;
  os::Fd lock_index() const;
  Image load(const oci::Descriptor& target, std::vector<oci::Reference> names) const;
  struct Use {
    Digest image;
    std::string container;
  };
  std::vector<Use> uses() const;
  std::vector<std::string> names_in(const std::string& folder) const;

  std::string root_;
  os::Fd root_directory_;
  os::Fd tmp_;
  os::Fd layout_;
  os::Fd blobs_;
};

}  // namespace wherry::image
