#include "image/store/archive_image.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <memory>
#include <set>
#include <string_view>

#include "base/error.h"
#include "image/store/archive_locale.h"
#include "image/store/index.h"

namespace wherry::image {
namespace {

constexpr std::string_view kBlobs = "blobs/sha256/";

std::string_view without_dot(std::string_view path) {
  return path.starts_with("./") ? path.substr(2) : path;
}

void load_blob(const Store& store, const LayerStream& stream, std::string_view hex) {
  auto digest = parse_digest(fmt::format("sha256:{}", hex));
  if (!digest) fail(ErrorKind::InvalidArgument, "not the name of a blob");
  BlobWriter blob = store.create_blob();
  while (auto piece = stream.next_piece()) blob.write(piece->bytes);
  blob.commit(digest);
}

std::string load_text(const LayerStream& stream, std::size_t limit) {
  std::string text;
  while (auto piece = stream.next_piece()) {
    if (text.size() + piece->bytes.size() > limit) {
      fail(ErrorKind::InvalidArgument, "larger than {} bytes", limit);
    }
    text += as_text(piece->bytes);
  }
  return text;
}

}  // namespace

std::vector<Image> load_archive(const Store& store, ByteSource source) {
  UnpackLimits limits;
  LayerStream stream(std::move(source), limits);
  std::optional<oci::Index> index;
  Utf8Locale utf8;
  for (std::uint64_t entries = 0;; ++entries) {
    ::archive_entry* entry;
    int result = ::archive_read_next_header(stream.tar(), &entry);
    if (result == ARCHIVE_EOF) break;
    stream.check(result);
    if (entries == limits.entries) {
      fail(ErrorKind::ResourceExhausted, "the archive has more than {} files", limits.entries);
    }
    const char* name = ::archive_entry_pathname(entry);
    if (!name || ::archive_entry_filetype(entry) != AE_IFREG) continue;
    std::string_view path = without_dot(name);
    in_context([&] { return fmt::format("entry '{}'", path.substr(0, 200)); },
               [&] {
                 if (path == "index.json") {
                   index = oci::parse_index(load_text(stream, oci::kMaxManifestBytes));
                 } else if (path.starts_with(kBlobs)) {
                   load_blob(store, stream, path.substr(kBlobs.size()));
                 }
               });
  }
  stream.finish();
  if (!index) {
    fail(ErrorKind::InvalidArgument, "not an OCI image archive: it has no index.json");
  }
  // All are checked before the first is added: a layer that cannot be unpacked is not admitted.
  std::vector<NamedManifest> manifests = by_manifest(*index);
  for (const NamedManifest& each : manifests) {
    Image image = store.check_whole(each.target);
    if (oci::is_wasm(image.config.platform)) store.rootfs(image);
  }
  std::vector<Image> images;
  for (const NamedManifest& each : manifests) {
    if (each.names.empty()) store.add_image(each.target, std::nullopt);
    for (const oci::Reference& name : each.names) store.add_image(each.target, name);
    images.push_back(store.resolve(to_string(each.target.digest)));
  }
  return images;
}

namespace {

// The archive being written. Failures of its descriptor surface as libarchive's own.
class Output {
 public:
  explicit Output(int to) : archive_(::archive_write_new(), ::archive_write_free) {
    WHERRY_CHECK(archive_);
    check(::archive_write_set_format_pax_restricted(archive_.get()));
    check(::archive_write_set_bytes_in_last_block(archive_.get(), 1));
    check(::archive_write_open_fd(archive_.get(), to));
  }

  void begin(const std::string& path, std::uint64_t size) {
    std::unique_ptr<::archive_entry, void (*)(::archive_entry*)> entry(::archive_entry_new(),
                                                                       ::archive_entry_free);
    ::archive_entry_set_pathname(entry.get(), path.c_str());
    ::archive_entry_set_filetype(entry.get(), AE_IFREG);
    ::archive_entry_set_perm(entry.get(), 0644);
    ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
    ::archive_entry_set_mtime(entry.get(), 0, 0);
    check(::archive_write_header(archive_.get(), entry.get()));
  }
  void write(ByteSpan bytes) {
    check(::archive_write_data(archive_.get(), bytes.data(), bytes.size()));
  }
  void add(const std::string& path, std::string_view text) {
    begin(path, text.size());
    write(as_bytes(text));
  }
  void finish() { check(::archive_write_close(archive_.get())); }

 private:
  void check(la_ssize_t result) {
    if (result < 0) {
      fail(ErrorKind::Unavailable, "write the archive: {}", ::archive_error_string(archive_.get()));
    }
  }
  std::unique_ptr<::archive, int (*)(::archive*)> archive_;
};

}  // namespace

void save_archive(const Store& store, const std::vector<Image>& images, int to) {
  oci::Index index;
  std::set<Digest> blobs;
  for (const Image& image : images) {
    keep(index, image.target);
    for (const oci::Reference& name : image.names) set_name(index, image.target, name);
    blobs.insert({image.target.digest, image.manifest.config.digest});
    for (const oci::Descriptor& layer : image.manifest.layers) blobs.insert(layer.digest);
  }
  Output output(to);
  output.add("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  output.add("index.json", oci::to_json(index));
  std::vector<std::uint8_t> buffer(64 * 1024);
  for (const Digest& digest : blobs) {
    BlobReader blob = store.open_blob(digest);
    output.begin(std::string(kBlobs) + digest.hex(), blob.size());
    while (std::size_t got = blob.read(buffer)) output.write(ByteSpan(buffer).first(got));
  }
  output.finish();
}

}  // namespace wherry::image
