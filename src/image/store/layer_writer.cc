#include "image/store/layer_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include <array>
#include <exception>
#include <limits>
#include <vector>

#include "base/error.h"
#include "image/store/archive_locale.h"

namespace wherry::image {
namespace {

// The archive's bytes on their way to the blob: digested, then compressed or not.
class Sink {
 public:
  Sink(BlobWriter blob, Compression compression)
      : blob_(std::move(blob)), compression_(compression) {
    if (compression_ == Compression::None) return;
    // 16 asks for a gzip header, which zlib writes without name and time; 9 is its memory's default
    // plus one, as gzip itself uses.
    WHERRY_CHECK(::deflateInit2(&deflate_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 9,
                                Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Sink() {
    if (compression_ == Compression::Gzip) ::deflateEnd(&deflate_);
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  void write(ByteSpan bytes) {
    diff_.update(bytes);
    if (compression_ == Compression::None) {
      blob_.write(bytes);
    } else {
      compress(bytes, Z_NO_FLUSH);
    }
  }

  WrittenLayer finish() {
    if (compression_ == Compression::Gzip) compress({}, Z_FINISH);
    StoredBlob stored = blob_.commit();
    std::string_view type =
        compression_ == Compression::Gzip ? oci::media_type::kLayerGzip : oci::media_type::kLayer;
    return {.descriptor = {.media_type = std::string(type),
                           .digest = stored.digest,
                           .size = stored.size},
            .diff_id = diff_.finish()};
  }

 private:
  void compress(ByteSpan bytes, int flush) {
    std::array<std::uint8_t, 64 * 1024> buffer;
    do {
      std::size_t piece = std::min<std::size_t>(bytes.size(), 1u << 30);
      deflate_.next_in = const_cast<Bytef*>(bytes.data());
      deflate_.avail_in = static_cast<uInt>(piece);
      do {
        deflate_.next_out = buffer.data();
        deflate_.avail_out = buffer.size();
        WHERRY_CHECK(::deflate(&deflate_, flush) != Z_STREAM_ERROR);
        blob_.write(ByteSpan(buffer).first(buffer.size() - deflate_.avail_out));
      } while (deflate_.avail_out == 0);
      bytes = bytes.subspan(piece);
    } while (!bytes.empty());
  }

  BlobWriter blob_;
  Compression compression_;
  Sha256 diff_;
  z_stream deflate_{};
};

}  // namespace

struct LayerWriter::State {
  State(BlobWriter blob, Compression compression) : sink(std::move(blob), compression) {
    archive = ::archive_write_new();
    WHERRY_CHECK(archive);
    WHERRY_CHECK(::archive_write_set_format_pax_restricted(archive) == ARCHIVE_OK);
    ::archive_write_set_bytes_per_block(archive, 64 * 1024);
    ::archive_write_set_bytes_in_last_block(archive, 1);
    if (::archive_write_open(archive, this, nullptr, &State::receive, nullptr) != ARCHIVE_OK) {
      fail(ErrorKind::Internal, "begin a layer: {}", ::archive_error_string(archive));
    }
  }
  ~State() {
    closing = true;  // what is still buffered belongs to a layer nobody wants
    ::archive_write_free(archive);
  }

  // libarchive is C: an exception waits here until the call that caused it has returned.
  static la_ssize_t receive(::archive*, void* self, const void* bytes, std::size_t size) noexcept {
    auto& state = *static_cast<State*>(self);
    if (state.closing) return static_cast<la_ssize_t>(size);
    try {
      state.sink.write({static_cast<const std::uint8_t*>(bytes), size});
      return static_cast<la_ssize_t>(size);
    } catch (...) {
      state.problem = std::current_exception();
      return -1;
    }
  }

  void check(la_ssize_t result, std::string_view doing) {
    if (problem) std::rethrow_exception(std::exchange(problem, nullptr));
    if (result < 0) {
      const char* text = ::archive_error_string(archive);
      fail(ErrorKind::Internal, "{}: {}", doing, text ? text : "the archive cannot hold it");
    }
  }

  Sink sink;
  ::archive* archive;
  std::exception_ptr problem;
  std::string current;      // the entry being written
  std::uint64_t owing = 0;  // bytes of it still to come
  bool closing = false;
};

LayerWriter::LayerWriter(BlobWriter blob, Compression compression)
    : state_(std::make_unique<State>(std::move(blob), compression)) {}
LayerWriter::~LayerWriter() = default;
LayerWriter::LayerWriter(LayerWriter&&) noexcept = default;

void LayerWriter::add(const LayerEntry& entry) {
  WHERRY_CHECK(state_->owing == 0);
  Utf8Locale utf8;
  std::unique_ptr<::archive_entry, void (*)(::archive_entry*)> header(::archive_entry_new(),
                                                                      ::archive_entry_free);
  WHERRY_CHECK(header);
  // A folder's name ends in '/' in the archive; libarchive sees to it.
  ::archive_entry_set_pathname(header.get(), entry.path.c_str());
  ::archive_entry_set_perm(header.get(), entry.mode & 07777);
  ::archive_entry_set_uid(header.get(), entry.uid);
  ::archive_entry_set_gid(header.get(), entry.gid);
  ::archive_entry_set_mtime(header.get(), entry.mtime, 0);
  ::archive_entry_set_size(header.get(), 0);
  switch (entry.type) {
    case EntryType::File:
      WHERRY_CHECK(entry.size <= std::numeric_limits<la_int64_t>::max());
      ::archive_entry_set_filetype(header.get(), AE_IFREG);
      ::archive_entry_set_size(header.get(), static_cast<la_int64_t>(entry.size));
      break;
    case EntryType::Directory:
      ::archive_entry_set_filetype(header.get(), AE_IFDIR);
      break;
    case EntryType::SymbolicLink:
      ::archive_entry_set_filetype(header.get(), AE_IFLNK);
      ::archive_entry_set_symlink(header.get(), entry.link_target.c_str());
      break;
    case EntryType::HardLink:
      ::archive_entry_set_filetype(header.get(), AE_IFREG);
      ::archive_entry_set_hardlink(header.get(), entry.link_target.c_str());
      break;
  }
  for (const auto& [name, value] : entry.xattrs) {
    ::archive_entry_xattr_add_entry(header.get(), name.c_str(), value.data(), value.size());
  }
  state_->current = entry.path;
  state_->check(::archive_write_header(state_->archive, header.get()),
                fmt::format("layer entry '{}'", entry.path));
  if (entry.type == EntryType::File) state_->owing = entry.size;
}

void LayerWriter::write(ByteSpan bytes) {
  WHERRY_CHECK(bytes.size() <= state_->owing);
  state_->check(::archive_write_data(state_->archive, bytes.data(), bytes.size()),
                fmt::format("layer entry '{}'", state_->current));
  state_->owing -= bytes.size();
}

WrittenLayer LayerWriter::finish() {
  WHERRY_CHECK(state_->owing == 0);
  Utf8Locale utf8;
  state_->check(::archive_write_close(state_->archive), "finish a layer");
  return state_->sink.finish();
}

}  // namespace wherry::image
