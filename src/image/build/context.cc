#include "image/build/context.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/error.h"
#include "image/build/limits.h"
#include "os/path_at.h"

namespace wherry::build {
namespace {

std::vector<std::string> names_in(int directory, const std::string& path) {
  os::Fd fd =
      os::open_at(directory, path.empty() ? "." : path,
                  {.scope = os::Scope::Beneath, .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW});
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd.get()), ::closedir);
  if (!stream) fail_errno(errno, "list '{}'", path);
  fd.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (!entry) break;
    std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() == kMaxTreeEntries) {
      fail(ErrorKind::ResourceExhausted, "'{}' holds more than {} entries", path, kMaxTreeEntries);
    }
    names.emplace_back(name);
  }
  if (errno != 0) fail_errno(errno, "list '{}'", path);
  return names;
}

// Brings the children of a directory of the context, without those that are ignored.
class ContextLister {
 public:
  ContextLister(int directory, Ignore ignore)
      : directory_(directory), ignore_(std::make_shared<const Ignore>(std::move(ignore))) {}

  void operator()(Node& directory, const std::string& path) {
    if (static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')) > kMaxPathDepth) {
      fail(ErrorKind::ResourceExhausted, "'{}…' is more than {} directories deep",
           path.substr(0, 60), kMaxPathDepth);
    }
    const Ignore::Matched above = matched_[path];
    for (const std::string& name : names_in(directory_, path)) {
      std::string child_path = join_path(path, name);
      Ignore::Verdict verdict = ignore_->check(child_path, above);
      if (verdict.ignored && !ignore_->has_exceptions()) continue;
      std::unique_ptr<Node> child = look_at(child_path);
      if (!child) continue;
      if (child->is_directory()) {
        matched_[child_path] = std::move(verdict.matched);
        if (verdict.ignored) {
          // It is there only as the way to something that is not ignored.
          (*this)(*child, child_path);
          child->listed = true;
          if (child->children.empty()) continue;
        }
      } else if (verdict.ignored) {
        continue;
      }
      directory.children.emplace(name, std::move(child));
    }
  }

 private:
  std::unique_ptr<Node> look_at(const std::string& path) {
    os::OpenResult opened = os::try_open_at(
        directory_, path.c_str(), {.scope = os::Scope::Beneath, .flags = O_PATH | O_NOFOLLOW});
    if (opened.error == ENOENT) return nullptr;  // it went away since the directory was read
    if (!opened.fd.is_open()) fail_errno(opened.error, "look at '{}'", path);
    struct stat status{};
    sys([&] { return ::fstat(opened.fd.get(), &status); }, "look at '{}'", path);
    if (++entries_ > kMaxTreeEntries) {
      fail(ErrorKind::ResourceExhausted, "more than {} files and directories", kMaxTreeEntries);
    }
    auto node = std::make_unique<Node>();
    node->mode = status.st_mode & 07777;
    node->mtime = status.st_mtim.tv_sec;
    if (S_ISDIR(status.st_mode)) {
      node->type = NodeType::Directory;
      node->listed = false;
    } else if (S_ISREG(status.st_mode)) {
      node->type = NodeType::File;
      node->size = static_cast<std::uint64_t>(status.st_size);
      node->content = file_content(directory_, path,
                                   {status.st_dev, status.st_ino, node->size, status.st_mtim.tv_sec,
                                    status.st_mtim.tv_nsec});
    } else if (S_ISLNK(status.st_mode)) {
      node->type = NodeType::SymbolicLink;
      node->mode = 0777;
      node->target.resize(kMaxPathBytes);
      ssize_t length = sys(
          [&] {
            return ::readlinkat(opened.fd.get(), "", node->target.data(), node->target.size());
          },
          "read the link '{}'", path);
      node->target.resize(static_cast<std::size_t>(length));
    } else {
      node->type = NodeType::Special;
    }
    return node;
  }

  int directory_;
  // Shared and never changed: a lister is copied with its tree.
  std::shared_ptr<const Ignore> ignore_;
  std::map<std::string, Ignore::Matched> matched_;
  std::size_t entries_ = 0;
};

}  // namespace

std::string read_text(int fd, std::string_view name, std::size_t limit) {
  std::string text;
  for (;;) {
    constexpr std::size_t kPiece = 64u << 10;
    std::size_t before = text.size();
    text.resize(before + kPiece);
    ssize_t got = sys([&] { return ::read(fd, text.data() + before, kPiece); }, "read '{}'", name);
    text.resize(before + static_cast<std::size_t>(got));
    if (got == 0) return text;
    if (text.size() > limit) {
      fail(ErrorKind::ResourceExhausted, "read '{}': larger than {} bytes", name, limit);
    }
  }
}

Context::Context(const std::string& path)
    : directory_(in_context(
          [&] { return fmt::format("build context '{}'", path); },
          [&] {
            return sys([&] { return ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); },
                       "open");
          })) {}

std::optional<std::string> Context::read_file(const std::string& path, std::size_t limit) const {
  os::OpenResult opened =
      os::try_open_at(directory_.get(), path.c_str(),
                      {.scope = os::Scope::Beneath, .flags = O_RDONLY | O_NONBLOCK});
  if (opened.error == ENOENT || opened.error == ENOTDIR) return std::nullopt;
  if (!opened.fd.is_open()) fail_errno(opened.error, "open '{}'", path);
  return read_text(opened.fd.get(), path, limit);
}

FileTree Context::tree(Ignore ignore) const {
  return FileTree(ContextLister(directory_.get(), std::move(ignore)));
}

}  // namespace wherry::build
