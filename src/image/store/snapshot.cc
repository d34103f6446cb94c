// Root file systems. The whole chain of an image's layers is unpacked into one directory, named by the
// chain's digest: a container mounts a single lower layer, deletions are done and not represented,
// and nothing differs between root and a user but owners. Images that share layers do not share files;
// Wasm images have few layers, and small ones.
#include "image/store/snapshot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "image/store/layer_apply.h"
#include "image/store/store.h"
#include "os/file.h"
#include "os/path_at.h"

namespace wherry::image {
namespace {

constexpr const char* kRootFs = "rootfs";
constexpr const char* kModules = "modules";
constexpr const char* kModuleName = "module.wasm";
constexpr std::size_t kMaxModulesBytes = 64u << 20;

// A folder that goes, with all in it, unless it was given a final name.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(int tmp) : tmp_(tmp), name_(os::unique_name()) {
    sys([&] { return ::mkdirat(tmp_, name_.c_str(), 0700); }, "create a folder");
    folder_ = os::Fd(
        sys([&] { return ::openat(tmp_, name_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); },
            "open a folder"));
  }
  ~TemporaryFolder() {
    // What cannot be removed now is swept with the rest of tmp/ later.
    if (!name_.empty()) {
      (void)outcome_of([&] {
        os::remove_all_at(tmp_, name_);
        return true;
      });
    }
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  int get() const { return folder_.get(); }

  // Whoever comes first has done the same work.
  void move_to(int directory, const std::string& name) {
    if (::renameat(tmp_, name_.c_str(), directory, name.c_str()) == 0) {
      name_.clear();
      sys([&] { return ::fsync(directory); }, "sync the folder of snapshots");
    } else if (errno != EEXIST && errno != ENOTEMPTY) {
      fail_errno(errno, "store the snapshot");
    }
  }

 private:
  int tmp_;
  std::string name_;
  os::Fd folder_;
};

// A layer's place in modules: "<digest> <path>\0", sorted by path. Paths may hold anything but NUL.
std::string print_modules(const std::map<std::string, Digest>& modules) {
  std::string text;
  for (const auto& [path, digest] : modules) {
    text += fmt::format("{} {}", to_string(digest), path);
    text += '\0';
  }
  return text;
}

// Its layers are modules, not archives: the CNCF artifact, runwasi's images.
bool is_module_image(const Image& image) {
  return std::ranges::any_of(image.manifest.layers, [](const oci::Descriptor& layer) {
    return oci::is_wasm_layer(layer.media_type);
  });
}

void apply_layers(const Store& store, const Image& image, LayerApplier& applier) {
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const oci::Descriptor& layer = image.manifest.layers[i];
    in_context([&] { return fmt::format("layer {}", to_string(layer.digest)); },
               [&] {
                 BlobReader blob = store.open_blob(layer.digest);
                 auto source = [&](std::span<std::uint8_t> buffer) { return blob.read(buffer); };
                 if (is_module_image(image)) {
                   applier.apply_module(source, kModuleName);
                   return;
                 }
                 Digest diff_id = applier.apply(source);
                 if (diff_id != image.config.diff_ids[i]) {
                   fail(ErrorKind::DataLoss, "its contents are {}, but the image's config says {}",
                        to_string(diff_id), to_string(image.config.diff_ids[i]));
                 }
               });
  }
  applier.finish();
}

}  // namespace

Digest snapshot_key(const Image& image) {
  const auto& layers = image.manifest.layers;
  if (is_module_image(image)) {
    if (layers.size() != 1) {
      fail(ErrorKind::Unimplemented, "an image of {} modules: only one module can be started",
           layers.size());
    }
    return digest_of(as_bytes("module " + to_string(layers[0].digest)));
  }
  if (layers.size() != image.config.diff_ids.size()) {
    fail(ErrorKind::DataLoss, "the manifest has {} layers, but the config {} diff_ids",
         layers.size(), image.config.diff_ids.size());
  }
  if (layers.empty()) return digest_of({});  // FROM scratch, and nothing copied
  return oci::chain_id(image.config.diff_ids);
}

RootFs Store::rootfs(const Image& image) const {
  return in_context(
      [&] { return fmt::format("unpack image {}", to_string(image.id())); },
      [&] {
        std::string key = snapshot_key(image).hex();
        RootFs result{.path = fmt::format("{}/snapshots/{}/{}", root_, key, kRootFs), .module = {}};
        if (is_module_image(image)) result.module = fmt::format("/{}", kModuleName);
        if (::access(result.path.c_str(), F_OK) == 0) return result;

        TemporaryFolder snapshot(tmp_.get());
        sys([&] { return ::mkdirat(snapshot.get(), kRootFs, 0755); }, "create the root");
        os::Fd rootfs(sys(
            [&] { return ::openat(snapshot.get(), kRootFs, O_RDONLY | O_DIRECTORY | O_CLOEXEC); },
            "open the root"));
        // Whatever the umask was.
        sys([&] { return ::fchmod(rootfs.get(), 0755); }, "set the mode of the root");
        LayerApplier applier(rootfs.get(), ::geteuid() == 0 ? Ownership::Keep : Ownership::Ignore,
                             UnpackLimits{});
        apply_layers(*this, image, applier);
        os::replace_file(snapshot.get(), kModules, print_modules(applier.modules()), 0600);
        // Before the name is final, all below it is on disk.
        sys([&] { return ::syncfs(rootfs.get()); }, "write the snapshot to disk");
        os::Fd snapshots(sys(
            [&] {
              return ::openat(root_directory_.get(), "snapshots",
                              O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            },
            "open the folder of snapshots"));
        snapshot.move_to(snapshots.get(), key);
        return result;
      });
}

std::optional<Digest> Store::module_digest(const RootFs& rootfs, std::string_view path) const {
  std::string_view folder = rootfs.path;
  folder.remove_suffix(std::string_view(kRootFs).size());
  auto text = os::read_file_if_exists(AT_FDCWD, std::string(folder) + kModules, kMaxModulesBytes);
  if (!text) return std::nullopt;
  constexpr std::size_t kDigestLength = 71;
  for (std::string_view rest = *text; rest.size() > kDigestLength;) {
    std::string_view line = rest.substr(0, rest.find('\0'));
    if (line.size() > kDigestLength && line.substr(kDigestLength + 1) == path) {
      return parse_digest(line.substr(0, kDigestLength));
    }
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return std::nullopt;
}

}  // namespace wherry::image
