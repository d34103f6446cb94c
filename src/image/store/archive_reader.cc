#include "image/store/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <exception>
#include <limits>

#include "base/error.h"
#include "image/store/archive_locale.h"

namespace wherry::image {

struct ArchiveReader::State {
  Source source;
  std::unique_ptr<archive, int (*)(archive*)> reader{nullptr, ::archive_read_free};
  std::array<std::uint8_t, 64u << 10> buffer;
  std::exception_ptr failure;  // of the source, carried past libarchive
  archive_entry* first = nullptr;
  std::uint64_t left = 0;  // of the file that next() gave last
  Utf8Locale locale;

  [[noreturn]] void fail_damaged() const {
    if (failure) std::rethrow_exception(failure);
    const char* why = ::archive_error_string(reader.get());
    fail(ErrorKind::InvalidArgument, "damaged archive: {}", why ? why : "unknown error");
  }

  static la_ssize_t give(archive*, void* state, const void** bytes) {
    auto& self = *static_cast<State*>(state);
    *bytes = self.buffer.data();
    try {
      return static_cast<la_ssize_t>(self.source(self.buffer));
    } catch (...) {
      self.failure = std::current_exception();
      return -1;
    }
  }
};

ArchiveReader::ArchiveReader(Source source) : state_(std::make_unique<State>()) {
  state_->source = std::move(source);
  state_->reader.reset(::archive_read_new());
  archive* reader = state_->reader.get();
  if (!reader) throw std::bad_alloc();
  ::archive_read_support_filter_gzip(reader);
  ::archive_read_support_filter_bzip2(reader);
  ::archive_read_support_filter_xz(reader);
  ::archive_read_support_filter_zstd(reader);
  ::archive_read_support_format_tar(reader);
}

ArchiveReader::~ArchiveReader() = default;
ArchiveReader::ArchiveReader(ArchiveReader&&) noexcept = default;

bool ArchiveReader::is_archive() {
  archive* reader = state_->reader.get();
  int status = ::archive_read_open(reader, state_.get(), nullptr, State::give, nullptr);
  if (status == ARCHIVE_OK) status = ::archive_read_next_header(reader, &state_->first);
  if (state_->failure) std::rethrow_exception(state_->failure);
  return status == ARCHIVE_OK || status == ARCHIVE_WARN ||
         (status == ARCHIVE_EOF && ::archive_format(reader) != 0);
}

std::optional<ArchiveEntry> ArchiveReader::next() {
  archive_entry* entry = std::exchange(state_->first, nullptr);
  if (!entry) {
    int status = ::archive_read_next_header(state_->reader.get(), &entry);
    if (status == ARCHIVE_EOF) return std::nullopt;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) state_->fail_damaged();
  }
  auto text = [](const char* value) { return std::string(value ? value : ""); };
  auto id = [&](la_int64_t value, const char* what) {
    if (value < 0 || value >= std::numeric_limits<std::uint32_t>::max()) {
      fail(ErrorKind::InvalidArgument, "damaged archive: {} {} is out of range", what, value);
    }
    return static_cast<std::uint32_t>(value);
  };
  state_->left = 0;
  ArchiveEntry result;
  const char* name = ::archive_entry_pathname(entry);
  if (!name) name = ::archive_entry_pathname_utf8(entry);
  result.path = text(name);
  if (result.path.empty())
    fail(ErrorKind::InvalidArgument, "damaged archive: an entry has no name");
  result.mode = static_cast<std::uint32_t>(::archive_entry_perm(entry)) & 07777;
  result.uid = id(::archive_entry_uid(entry), "user");
  result.gid = id(::archive_entry_gid(entry), "group");
  result.mtime = ::archive_entry_mtime(entry);
  if (const char* target = ::archive_entry_hardlink(entry)) {
    result.type = ArchiveEntryType::HardLink;
    result.link_target = target;
    return result;
  }
  switch (::archive_entry_filetype(entry)) {
    case AE_IFREG:
      result.type = ArchiveEntryType::File;
      result.size =
          static_cast<std::uint64_t>(std::max<la_int64_t>(0, ::archive_entry_size(entry)));
      state_->left = result.size;
      break;
    case AE_IFDIR:
      result.type = ArchiveEntryType::Directory;
      break;
    case AE_IFLNK:
      result.type = ArchiveEntryType::SymbolicLink;
      result.link_target = text(::archive_entry_symlink(entry));
      break;
    default:
      result.type = ArchiveEntryType::Special;
  }
  return result;
}

std::size_t ArchiveReader::read(std::span<std::uint8_t> buffer) {
  la_ssize_t got = ::archive_read_data(state_->reader.get(), buffer.data(), buffer.size());
  if (got < 0) state_->fail_damaged();
  auto count = static_cast<std::size_t>(got);
  // The map of a file with holes may name places beyond its end.
  if (count > state_->left) {
    fail(ErrorKind::InvalidArgument, "damaged archive: a file holds more than it says");
  }
  state_->left -= count;
  return count;
}

}  // namespace wherry::image
