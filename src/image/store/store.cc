#include "image/store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <tuple>

#include "base/error.h"
#include "image/store/index.h"
#include "os/file.h"
#include "os/path_at.h"

namespace wherry::image {
namespace {

constexpr const char* kLayoutFile = "oci-layout";
constexpr const char* kLayout = R"({"imageLayoutVersion":"1.0.0"})";
constexpr const char* kIndexFile = "index.json";
constexpr std::size_t kMaxIndexBytes = 64u << 20;

os::Fd open_directory(int parent, const std::string& path) {
  return os::Fd(
      sys([&] { return ::openat(parent, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); },
          "open '{}'", path));
}

// Nobody but its owner enters a store: an image may hold programs that run as somebody else.
os::Fd make_root(const std::string& root) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = root.find('/', end + 1);
    std::string prefix = root.substr(0, end);
    if (::mkdir(prefix.c_str(), end == std::string::npos ? 0700 : 0755) != 0 && errno != EEXIST) {
      int error = errno;
      // A prefix on a read-only or foreign file system may still exist.
      struct stat info{};
      if (::stat(prefix.c_str(), &info) != 0) fail_errno(error, "create '{}'", prefix);
    }
  }
  return open_directory(AT_FDCWD, root);
}

os::Fd make_directory(int parent, const std::string& name, mode_t mode) {
  if (::mkdirat(parent, name.c_str(), mode) != 0 && errno != EEXIST) {
    fail_errno(errno, "create '{}'", name);
  }
  return open_directory(parent, name);
}

}  // namespace

std::uint64_t Image::size() const {
  std::uint64_t total = target.size + manifest.config.size;
  for (const oci::Descriptor& layer : manifest.layers) total += layer.size;
  return total;
}

Store::Store(std::string root) : root_(std::move(root)) {
  while (root_.size() > 1 && root_.ends_with('/')) root_.pop_back();
  in_context([&] { return fmt::format("open the store '{}'", root_); },
             [&] {
               root_directory_ = make_root(root_);
               tmp_ = make_directory(root_directory_.get(), "tmp", 0700);
               make_directory(root_directory_.get(), "snapshots", 0700);
               layout_ = make_directory(root_directory_.get(), "images", 0755);
               os::Fd blobs = make_directory(layout_.get(), "blobs", 0755);
               blobs_ = make_directory(blobs.get(), "sha256", 0755);
               if (::faccessat(layout_.get(), kIndexFile, F_OK, 0) != 0) {
                 os::Fd lock = lock_index();
                 if (::faccessat(layout_.get(), kIndexFile, F_OK, 0) != 0) {
                   os::replace_file(layout_.get(), kLayoutFile, kLayout, 0644);
                   os::replace_file(layout_.get(), kIndexFile, oci::to_json(oci::Index{}), 0644);
                 }
               }
             });
}

Lease Store::lease() const {
  return Lease(os::lock_file(root_directory_.get(), "lock", os::Lock::Shared));
}

os::Fd Store::lock_index() const {
  return os::lock_file(root_directory_.get(), "index.lock", os::Lock::Exclusive);
}

oci::Index Store::read_index() const {
  return in_context(
      [&] { return fmt::format("read the store '{}'", root_); },
      [&] { return oci::parse_index(os::read_file(layout_.get(), kIndexFile, kMaxIndexBytes)); });
}

void Store::change_index(const std::function<void(oci::Index&)>& change) const {
  os::Fd lock = lock_index();
  oci::Index index = read_index();
  change(index);
  os::replace_file(layout_.get(), kIndexFile, oci::to_json(index), 0644);
}

// Blobs -------------------------------------------------------------------------------------------

BlobWriter Store::create_blob() const { return BlobWriter(tmp_.get(), blobs_.get()); }

StoredBlob Store::put_blob(std::string_view bytes) const {
  BlobWriter writer = create_blob();
  writer.write(as_bytes(bytes));
  return writer.commit();
}

bool Store::has_blob(const Digest& digest) const {
  return ::faccessat(blobs_.get(), digest.hex().c_str(), F_OK, 0) == 0;
}

BlobReader Store::open_blob(const Digest& digest) const {
  os::Fd file(::openat(blobs_.get(), digest.hex().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.is_open()) fail_errno(errno, "open blob {}", to_string(digest));
  struct stat info{};
  sys([&] { return ::fstat(file.get(), &info); }, "open blob {}", to_string(digest));
  return BlobReader(std::move(file), digest, static_cast<std::uint64_t>(info.st_size));
}

std::string Store::read_blob(const Digest& digest, std::size_t limit) const {
  BlobReader reader = open_blob(digest);
  if (reader.size() > limit) {
    fail(ErrorKind::InvalidArgument, "blob {}: {} bytes are more than the limit of {}",
         to_string(digest), reader.size(), limit);
  }
  std::string bytes(reader.size() + 1, '\0');
  std::size_t got = reader.read({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  bytes.resize(got);
  return bytes;
}

// Images ------------------------------------------------------------------------------------------

namespace {

// An index among the images (another tool's) stands for its Wasm member, or else its first.
const oci::Descriptor& member_for_us(const oci::Index& index) {
  if (index.manifests.empty()) fail(ErrorKind::InvalidArgument, "an image index without images");
  auto wasm = std::ranges::find_if(index.manifests, [](const oci::Descriptor& each) {
    return each.platform && oci::is_wasm(*each.platform);
  });
  return wasm != index.manifests.end() ? *wasm : index.manifests.front();
}

}  // namespace

Image Store::load(const oci::Descriptor& target, std::vector<oci::Reference> names) const {
  return in_context(
      [&] { return fmt::format("read image {}", to_string(target.digest)); },
      [&] {
        Image image{.target = target, .manifest = {}, .config = {}, .names = std::move(names)};
        if (oci::is_index(target.media_type)) {
          image.target =
              member_for_us(oci::parse_index(read_blob(target.digest, oci::kMaxManifestBytes)));
        }
        image.manifest =
            oci::parse_manifest(read_blob(image.target.digest, oci::kMaxManifestBytes));
        image.config =
            oci::parse_image_config(read_blob(image.manifest.config.digest, oci::kMaxConfigBytes));
        return image;
      });
}

Image Store::check_whole(const oci::Descriptor& manifest) const {
  Image image = load(manifest, {});
  for (const oci::Descriptor& layer : image.manifest.layers) {
    if (!has_blob(layer.digest)) {
      fail(ErrorKind::DataLoss, "image {}: layer {} is missing", to_string(image.id()),
           to_string(layer.digest));
    }
  }
  return image;
}

void Store::add_image(const oci::Descriptor& manifest,
                      const std::optional<oci::Reference>& name) const {
  if (name && (name->digest || name->tag.empty())) {
    fail(ErrorKind::InvalidArgument, "an image is named by a tag, not by a digest: '{}'",
         to_string(*name));
  }
  check_whole(manifest);
  change_index([&](oci::Index& index) {
    if (name) {
      set_name(index, manifest, *name);
    } else {
      keep(index, manifest);
    }
  });
}

namespace {

bool is_hex(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

// The one manifest that a name or an ID means. A name wins over an ID that happens to begin so.
const NamedManifest* find_meant(const std::vector<NamedManifest>& all, std::string_view text,
                                bool* by_id) {
  *by_id = false;
  if (auto name = oci::parse_reference_if_valid(text)) {
    for (const NamedManifest& each : all) {
      bool named = std::ranges::any_of(each.names, [&](const oci::Reference& own) {
        return own.domain == name->domain && own.path == name->path &&
               (name->tag.empty() || own.tag == name->tag);
      });
      if (named && (!name->digest || *name->digest == each.target.digest)) return &each;
    }
  }
  if (text.starts_with("sha256:")) text.remove_prefix(7);
  if (!is_hex(text)) return nullptr;
  const NamedManifest* found = nullptr;
  for (const NamedManifest& each : all) {
    if (!each.target.digest.hex().starts_with(text)) continue;
    if (found)
      fail(ErrorKind::InvalidArgument, "image ID '{}' is ambiguous: give more of it", text);
    found = &each;
  }
  *by_id = found != nullptr;
  return found;
}

}  // namespace

std::optional<Image> Store::find(std::string_view name_or_id) const {
  std::vector<NamedManifest> all = by_manifest(read_index());
  bool by_id;
  const NamedManifest* meant = find_meant(all, name_or_id, &by_id);
  if (!meant) return std::nullopt;
  return load(meant->target, meant->names);
}

bool Store::knows(std::string_view name_or_id) const {
  std::vector<NamedManifest> all = by_manifest(read_index());
  bool by_id;
  return find_meant(all, name_or_id, &by_id) != nullptr;
}

Image Store::resolve(std::string_view name_or_id) const {
  auto image = find(name_or_id);
  if (!image) fail(ErrorKind::NotFound, "no image named '{}'", name_or_id);
  return std::move(*image);
}

std::pair<std::vector<Image>, std::vector<std::string>> Store::list() const {
  std::pair<std::vector<Image>, std::vector<std::string>> result;
  for (NamedManifest& each : by_manifest(read_index())) {
    // One damaged image must not hide the others.
    auto [image, problem] = outcome_of([&] { return load(each.target, std::move(each.names)); });
    if (image) {
      result.first.push_back(std::move(*image));
    } else {
      result.second.push_back(std::move(problem));
    }
  }
  std::ranges::sort(result.first, [](const Image& a, const Image& b) {
    return std::tie(b.config.created, a.id()) < std::tie(a.config.created, b.id());
  });
  return result;
}

void Store::tag(const Image& image, const oci::Reference& name) const {
  if (name.digest) {
    fail(ErrorKind::InvalidArgument, "an image is named by a tag, not by a digest: '{}'",
         to_string(name));
  }
  change_index([&](oci::Index& index) {
    bool there = std::ranges::any_of(index.manifests, [&](const oci::Descriptor& entry) {
      return entry.digest == image.target.digest;
    });
    if (!there) fail(ErrorKind::NotFound, "no image {} any more", to_string(image.id()));
    set_name(index, image.target, name);
  });
}

std::vector<Store::Use> Store::uses() const {
  std::vector<Use> all;
  for (const std::string& name : names_in("layers")) {
    std::string text = name.substr(0, name.find('.'));
    if (std::size_t dash = text.find('-'); dash != std::string::npos) text[dash] = ':';
    // What is named otherwise is nobody's layer.
    if (auto image = parse_digest(text)) all.push_back({*image, name.substr(name.find('.') + 1)});
  }
  return all;
}

std::vector<std::string> Store::users_of(const Digest& image) const {
  std::vector<std::string> users;
  for (Use& use : uses()) {
    if (use.image == image) users.push_back(std::move(use.container));
  }
  return users;
}

Removal Store::remove(std::string_view name_or_id, bool force) const {
  Removal removal;
  change_index([&](oci::Index& index) {
    std::vector<NamedManifest> all = by_manifest(index);
    bool by_id;
    const NamedManifest* meant = find_meant(all, name_or_id, &by_id);
    if (!meant) fail(ErrorKind::NotFound, "no image named '{}'", name_or_id);
    if (!by_id && meant->names.size() > 1) {
      oci::Reference name = oci::parse_reference(name_or_id);
      if (name.tag.empty()) {
        fail(ErrorKind::FailedPrecondition, "image '{}' has several names: remove one of them",
             name_or_id);
      }
      name.digest.reset();
      drop_name(index, name);
      removal.untagged.push_back(std::move(name));
      return;
    }
    if (by_id && meant->names.size() > 1 && !force) {
      fail(ErrorKind::FailedPrecondition,
           "image '{}' has {} names: remove them by name, or use --force", name_or_id,
           meant->names.size());
    }
    std::vector<std::string> users = users_of(meant->target.digest);
    if (!users.empty()) {
      fail(ErrorKind::FailedPrecondition, "image '{}' is used by container '{}'", name_or_id,
           users.front());
    }
    drop_image(index, meant->target.digest);
    removal.untagged = meant->names;
    removal.deleted = meant->target.digest;
  });
  return removal;
}

std::vector<std::string> Store::names_in(const std::string& folder) const {
  std::vector<std::string> names;
  os::Fd directory(::openat(root_directory_.get(), folder.c_str(),
                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.is_open()) {
    if (errno == ENOENT) return names;
    fail_errno(errno, "read '{}'", folder);
  }
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(directory.get()), ::closedir);
  if (!stream) fail_errno(errno, "read '{}'", folder);
  directory.release();
  while (dirent* entry = ::readdir(stream.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace wherry::image
