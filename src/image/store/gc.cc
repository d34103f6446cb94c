// Mark and sweep. The roots are the images of index.json and those that containers stand on; marked is
// what they refer to. Sweeping happens under the exclusive lock that every Lease shares: nobody then
// has written a blob that nothing refers to yet. A document that cannot be read stops the collection,
// because what it refers to is not known.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "base/error.h"
#include "image/store/index.h"
#include "image/store/snapshot.h"
#include "image/store/store.h"
#include "os/file.h"
#include "os/path_at.h"

namespace wherry::image {
namespace {

struct Marked {
  std::set<std::string> blobs;  // by their file names
  std::set<std::string> snapshots;
};

void mark(const Image& image, const oci::Descriptor& entry, Marked& marked) {
  marked.blobs.insert(entry.digest.hex());  // an index that stands for the image
  marked.blobs.insert(image.target.digest.hex());
  marked.blobs.insert(image.manifest.config.digest.hex());
  for (const oci::Descriptor& layer : image.manifest.layers) {
    marked.blobs.insert(layer.digest.hex());
  }
  // An image whose documents disagree has no snapshot.
  auto [key, problem] = outcome_of([&] { return snapshot_key(image); });
  if (key) marked.snapshots.insert(key->hex());
}

}  // namespace

std::optional<Collected> Store::collect_garbage() const {
  auto alone = os::try_lock_file(root_directory_.get(), "lock", os::Lock::Exclusive);
  if (!alone) return std::nullopt;
  os::Fd index_lock = lock_index();

  Marked marked;
  for (const oci::Descriptor& entry : read_index().manifests) {
    mark(load(entry, {}), entry, marked);
  }
  for (const Use& use : uses()) {
    if (!has_blob(use.image)) continue;
    oci::Descriptor target{.digest = use.image};
    mark(load(target, {}), target, marked);
  }

  Collected collected;
  for (const std::string& name : names_in("images/blobs/sha256")) {
    if (marked.blobs.contains(name)) continue;
    struct stat info{};
    if (::fstatat(blobs_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    os::remove_all_at(blobs_.get(), name);
    collected.bytes += static_cast<std::uint64_t>(info.st_size);
    ++collected.blobs;
  }
  for (const std::string& name : names_in("snapshots")) {
    if (marked.snapshots.contains(name)) continue;
    // Out of sight first: half a snapshot must never be found under its name.
    std::string from = "snapshots/" + name;
    std::string to = "tmp/" + os::unique_name();
    sys(
        [&] {
          return ::renameat(root_directory_.get(), from.c_str(), root_directory_.get(), to.c_str());
        },
        "remove '{}'", from);
    ++collected.snapshots;
  }
  for (const std::string& name : names_in("tmp")) os::remove_all_at(tmp_.get(), name);
  return collected;
}

}  // namespace wherry::image
