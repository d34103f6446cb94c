#include "image/build/content.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "os/path_at.h"

namespace wherry::build {
namespace {

class TextContent final : public Content {
 public:
  explicit TextContent(std::string text) : text_(std::move(text)) {}

  std::unique_ptr<ContentReader> open() const override {
    class Reader final : public ContentReader {
     public:
      explicit Reader(std::string_view rest) : rest_(rest) {}
      std::size_t read(std::span<std::uint8_t> buffer) override {
        std::size_t count = rest_.copy(reinterpret_cast<char*>(buffer.data()), buffer.size());
        rest_.remove_prefix(count);
        return count;
      }

     private:
      std::string_view rest_;
    };
    return std::make_unique<Reader>(text_);
  }

 private:
  std::string text_;
};

FileIdentity identity_of(int fd, const std::string& path) {
  struct stat status{};
  sys([&] { return ::fstat(fd, &status); }, "look at '{}'", path);
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

class FileReader final : public ContentReader {
 public:
  FileReader(os::Fd file, const std::string& path, const FileIdentity& identity)
      : file_(std::move(file)), path_(path), identity_(identity), left_(identity.size) {
    check();
  }

  std::size_t read(std::span<std::uint8_t> buffer) override {
    std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size()));
    if (want == 0) return 0;
    ssize_t got = sys([&] { return ::read(file_.get(), buffer.data(), want); }, "read '{}'", path_);
    if (got == 0) changed();
    left_ -= static_cast<std::uint64_t>(got);
    if (left_ == 0) check();
    return static_cast<std::size_t>(got);
  }

 private:
  void check() const {
    if (!(identity_of(file_.get(), path_) == identity_)) changed();
  }
  [[noreturn]] void changed() const {
    fail(ErrorKind::FailedPrecondition, "'{}' changed while the build ran", path_);
  }

  os::Fd file_;
  const std::string& path_;
  FileIdentity identity_;
  std::uint64_t left_;
};

class FileContent final : public Content {
 public:
  FileContent(int directory, std::string path, const FileIdentity& identity)
      : directory_(directory), path_(std::move(path)), identity_(identity) {}

  std::unique_ptr<ContentReader> open() const override {
    // O_NONBLOCK: a pipe that took the file's place must not hold the build up.
    os::Fd file =
        os::open_at(directory_, path_,
                    {.scope = os::Scope::Beneath, .flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK});
    return std::make_unique<FileReader>(std::move(file), path_, identity_);
  }

 private:
  int directory_;
  std::string path_;
  FileIdentity identity_;
};

class SpooledContent final : public Content {
 public:
  SpooledContent(std::shared_ptr<const os::Fd> spool, std::uint64_t offset, std::uint64_t size)
      : spool_(std::move(spool)), offset_(offset), size_(size) {}

  std::unique_ptr<ContentReader> open() const override {
    class Reader final : public ContentReader {
     public:
      Reader(int spool, std::uint64_t at, std::uint64_t left)
          : spool_(spool), at_(at), left_(left) {}
      std::size_t read(std::span<std::uint8_t> buffer) override {
        std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size()));
        if (want == 0) return 0;
        ssize_t got =
            sys([&] { return ::pread(spool_, buffer.data(), want, static_cast<off_t>(at_)); },
                "read an unpacked file");
        if (got == 0) fail(ErrorKind::DataLoss, "an unpacked file became shorter");
        at_ += static_cast<std::uint64_t>(got);
        left_ -= static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
      }

     private:
      int spool_;
      std::uint64_t at_;
      std::uint64_t left_;
    };
    return std::make_unique<Reader>(spool_->get(), offset_, size_);
  }

 private:
  std::shared_ptr<const os::Fd> spool_;
  std::uint64_t offset_;
  std::uint64_t size_;
};

}  // namespace

ContentPtr text_content(std::string text) { return std::make_shared<TextContent>(std::move(text)); }

ContentPtr file_content(int directory, std::string path, const FileIdentity& identity) {
  return std::make_shared<FileContent>(directory, std::move(path), identity);
}

ContentPtr spooled_content(std::shared_ptr<const os::Fd> spool, std::uint64_t offset,
                           std::uint64_t size) {
  return std::make_shared<SpooledContent>(std::move(spool), offset, size);
}

std::string read_all(const Content& content, std::size_t limit) {
  std::string all;
  std::vector<std::uint8_t> buffer(64u << 10);
  std::unique_ptr<ContentReader> reader = content.open();
  while (std::size_t got = reader->read(buffer)) {
    if (all.size() + got > limit) fail(ErrorKind::ResourceExhausted, "more than {} bytes", limit);
    all += as_text(ByteSpan(buffer).first(got));
  }
  return all;
}

}  // namespace wherry::build
