#include "image/store/layer_stream.h"

#include <archive.h>

#include <cerrno>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace wherry::image {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

using Reader = std::unique_ptr<::archive, int (*)(::archive*)>;

Reader new_reader() {
  Reader reader(::archive_read_new(), ::archive_read_free);
  WHERRY_CHECK(reader);
  return reader;
}

}  // namespace

struct LayerStream::State {
  State(ByteSource bytes, const UnpackLimits& image_limits)
      : source(std::move(bytes)),
        limits(image_limits),
        packed(kPiece),
        unpacked(kPiece),
        raw(new_reader()),
        tar(new_reader()) {
    ::archive_read_support_filter_gzip(raw.get());
    ::archive_read_support_filter_zstd(raw.get());
    ::archive_read_support_format_raw(raw.get());
    ::archive_read_support_format_empty(raw.get());
    check(raw.get(), ::archive_read_open(raw.get(), this, nullptr, &State::read_packed, nullptr));
    ::archive_entry* whole;
    int result = ::archive_read_next_header(raw.get(), &whole);
    empty = result == ARCHIVE_EOF;
    if (!empty) check(raw.get(), result);

    ::archive_read_support_format_tar(tar.get());
    ::archive_read_support_format_empty(tar.get());
    check(tar.get(), ::archive_read_open(tar.get(), this, nullptr, &State::read_unpacked, nullptr));
  }

  // libarchive is C: an exception waits in `problem` until the call that caused it has returned.
  template <typename Body>
  la_ssize_t guarded(::archive* reader, Body&& body) noexcept {
    try {
      if (!problem) return static_cast<la_ssize_t>(body());
    } catch (...) {
      problem = std::current_exception();
    }
    ::archive_set_error(reader, EIO, "stopped");
    return ARCHIVE_FATAL;
  }

  static la_ssize_t read_packed(::archive* reader, void* self, const void** bytes) noexcept {
    auto& state = *static_cast<State*>(self);
    return state.guarded(reader, [&] {
      *bytes = state.packed.data();
      std::size_t got = state.source(state.packed);
      state.packed_bytes += got;
      return got;
    });
  }

  static la_ssize_t read_unpacked(::archive* reader, void* self, const void** bytes) noexcept {
    auto& state = *static_cast<State*>(self);
    return state.guarded(reader, [&] {
      *bytes = state.unpacked.data();
      return state.pull();
    });
  }

  // The next decompressed bytes, in `unpacked`.
  std::size_t pull() {
    if (empty) return 0;
    la_ssize_t got = ::archive_read_data(raw.get(), unpacked.data(), unpacked.size());
    check(raw.get(), got);
    auto size = static_cast<std::size_t>(got);
    diff.update(ByteSpan(unpacked).first(size));
    unpacked_bytes += size;
    if (unpacked_bytes > limits.bytes) {
      fail(ErrorKind::ResourceExhausted, "larger than {} bytes when unpacked", limits.bytes);
    }
    if (unpacked_bytes > limits.expansion_from &&
        unpacked_bytes / limits.expansion > packed_bytes) {
      fail(ErrorKind::ResourceExhausted,
           "expands more than {}-fold: {} bytes have become {} and more", limits.expansion,
           packed_bytes, unpacked_bytes);
    }
    return size;
  }

  void check(::archive* reader, la_int64_t result) {
    if (problem) std::rethrow_exception(std::exchange(problem, nullptr));
    if (result >= ARCHIVE_OK) return;
    const char* complaint = ::archive_error_string(reader);
    std::string_view text = complaint ? complaint : "cannot be read";
    // Other warnings are about attributes that we do not use.
    if (result == ARCHIVE_WARN && text.find("can't be converted") == std::string_view::npos) return;
    fail(ErrorKind::DataLoss, "not a readable archive: {}", text);
  }

  ByteSource source;
  UnpackLimits limits;
  std::vector<std::uint8_t> packed;
  std::vector<std::uint8_t> unpacked;
  Sha256 diff;
  bool empty = false;
  std::uint64_t packed_bytes = 0;
  std::uint64_t unpacked_bytes = 0;
  std::exception_ptr problem;
  Reader raw;
  Reader tar;
};

LayerStream::LayerStream(ByteSource source, const UnpackLimits& limits)
    : state_(std::make_unique<State>(std::move(source), limits)) {}
LayerStream::~LayerStream() = default;

::archive* LayerStream::tar() const { return state_->tar.get(); }

void LayerStream::check(std::int64_t result) const { state_->check(state_->tar.get(), result); }

std::optional<LayerStream::Piece> LayerStream::next_piece() const {
  const void* bytes;
  std::size_t size;
  la_int64_t offset;
  int result = ::archive_read_data_block(tar(), &bytes, &size, &offset);
  if (result == ARCHIVE_EOF) return std::nullopt;
  check(result);
  return Piece{.bytes = {static_cast<const std::uint8_t*>(bytes), size}, .offset = offset};
}

Digest LayerStream::finish() {
  while (state_->pull() > 0) {
  }
  while (state_->source(state_->packed) > 0) {
  }
  return state_->diff.finish();
}

}  // namespace wherry::image
