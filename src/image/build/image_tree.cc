#include "image/build/image_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/error.h"
#include "image/build/glob.h"
#include "image/build/limits.h"
#include "image/store/archive_reader.h"
#include "os/path_at.h"

namespace wherry::build {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

// An image's root file system on disk, unpacked when the first file of it is read.
class UnpackedImage {
 public:
  UnpackedImage(const image::Store& store, image::Image image)
      : store_(store), image_(std::move(image)) {}

  int directory() {
    if (!directory_.is_open()) {
      image::RootFs rootfs = store_.rootfs(image_);
      directory_.reset(
          sys([&] { return ::open(rootfs.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); },
              "open '{}'", rootfs.path));
    }
    return directory_.get();
  }

 private:
  const image::Store& store_;
  image::Image image_;
  os::Fd directory_;
};

class UnpackedContent final : public Content {
 public:
  UnpackedContent(std::shared_ptr<UnpackedImage> image, std::string path, std::uint64_t size)
      : image_(std::move(image)), path_(std::move(path)), size_(size) {}

  std::unique_ptr<ContentReader> open() const override {
    class Reader final : public ContentReader {
     public:
      Reader(os::Fd file, const std::string& path, std::uint64_t left)
          : file_(std::move(file)), path_(path), left_(left) {}
      std::size_t read(std::span<std::uint8_t> buffer) override {
        std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size()));
        if (want == 0) return 0;
        ssize_t got =
            sys([&] { return ::read(file_.get(), buffer.data(), want); }, "read '{}'", path_);
        if (got == 0) fail(ErrorKind::DataLoss, "'{}' is shorter than its layer says", path_);
        left_ -= static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
      }

     private:
      os::Fd file_;
      const std::string& path_;
      std::uint64_t left_;
    };
    os::Fd file =
        os::open_at(image_->directory(), path_,
                    {.scope = os::Scope::Beneath, .flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK});
    return std::make_unique<Reader>(std::move(file), path_, size_);
  }

 private:
  std::shared_ptr<UnpackedImage> image_;
  std::string path_;
  std::uint64_t size_;
};

// Puts the entries of archives into a tree below a directory.
class Unpacker {
 public:
  using MakeContent = std::function<ContentPtr(image::ArchiveReader&, const image::ArchiveEntry&,
                                               const std::string&)>;

  Unpacker(FileTree& tree, std::string base, MakeContent make_content)
      : tree_(tree), base_(std::move(base)), make_content_(std::move(make_content)) {}

  std::optional<Owner> owner;
  LayerPlan* plan = nullptr;
  bool whiteouts = false;

  void apply(image::ArchiveReader& archive) {
    in_layer_.clear();
    while (auto entry = archive.next()) {
      in_context([&] { return fmt::format("entry '{}'", entry->path); },
                 [&] { apply(archive, *entry); });
    }
  }

 private:
  void apply(image::ArchiveReader& archive, const image::ArchiveEntry& entry) {
    std::string path = inner_path(entry.path);
    if (path.empty()) {
      if (base_.empty() && entry.type == image::ArchiveEntryType::Directory) {
        set_metadata(tree_.root(), entry);
      }
      return;
    }
    std::size_t slash = path.rfind('/');
    std::string name = path.substr(slash + 1);
    FileTree::Found parent =
        make_directories(join_path(base_, slash == path.npos ? "" : path.substr(0, slash)));
    if (whiteouts && name.starts_with(kWhiteout)) {
      apply_whiteout(parent, name);
      return;
    }
    put(archive, entry, parent, name);
  }

  // Relative to the archive's root, without '.' and '..'; empty for the root itself.
  static std::string inner_path(const std::string& written) {
    if (written.size() > kMaxPathBytes) {
      fail(ErrorKind::InvalidArgument, "the name is longer than {} bytes", kMaxPathBytes);
    }
    std::string path = clean_path(written);
    if (path == ".." || path.starts_with("../")) {
      fail(ErrorKind::InvalidArgument, "the name leads out of the archive");
    }
    if (path.starts_with('/')) path.erase(0, 1);
    return path == "." ? std::string() : path;
  }

  FileTree::Found make_directories(const std::string& path) {
    return tree_.make_directories(path, [&](Node&, const std::string& made) { touch(made); });
  }

  void touch(const std::string& path) {
    if (whiteouts) in_layer_.insert(path);
    if (plan) plan->touch(path);
  }

  void apply_whiteout(const FileTree::Found& parent, const std::string& name) {
    auto& below = tree_.children(*parent.node, parent.path);
    if (name != kOpaque) {
      below.erase(name.substr(kWhiteout.size()));
      return;
    }
    std::erase_if(below, [&](const auto& child) {
      return !in_layer_.contains(join_path(parent.path, child.first));
    });
  }

  void set_metadata(Metadata& node, const image::ArchiveEntry& entry) const {
    node.mode = entry.mode;
    node.uid = owner ? owner->uid : entry.uid;
    node.gid = owner ? owner->gid : entry.gid;
    node.mtime = entry.mtime;
  }

  void put(image::ArchiveReader& archive, const image::ArchiveEntry& entry,
           const FileTree::Found& parent, const std::string& name) {
    std::string path = join_path(parent.path, name);
    Metadata metadata;
    set_metadata(metadata, entry);
    switch (entry.type) {
      case image::ArchiveEntryType::Directory:
        metadata.type = NodeType::Directory;
        break;
      case image::ArchiveEntryType::SymbolicLink:
        metadata.type = NodeType::SymbolicLink;
        metadata.target = entry.link_target;
        break;
      case image::ArchiveEntryType::Special:
        if (plan) fail(ErrorKind::InvalidArgument, "devices and pipes are not unpacked");
        metadata.type = NodeType::Special;
        break;
      case image::ArchiveEntryType::File:
        metadata.type = NodeType::File;
        metadata.size = entry.size;
        metadata.content = make_content_(archive, entry, path);
        break;
      case image::ArchiveEntryType::HardLink: {
        auto target = tree_.find(join_path(base_, inner_path(entry.link_target)), Follow::No);
        if (!target || target->node->is_directory()) {
          fail(ErrorKind::InvalidArgument, "links to '{}', which is not there", entry.link_target);
        }
        metadata = *target->node;
        break;
      }
    }
    auto& below = tree_.children(*parent.node, parent.path);
    auto existing = below.find(name);
    if (plan && existing != below.end() && existing->second->is_directory() &&
        metadata.type != NodeType::Directory) {
      fail(ErrorKind::FailedPrecondition, "the directory '/{}' is in the way", path);
    }
    tree_.put(*parent.node, name, metadata);
    touch(path);
  }

  FileTree& tree_;
  std::string base_;
  MakeContent make_content_;
  std::set<std::string> in_layer_;
};

}  // namespace

FileTree tree_of_image(const image::Store& store, const image::Image& image) {
  FileTree tree;
  auto unpacked = std::make_shared<UnpackedImage>(store, image);
  Unpacker unpacker(tree, "",
                    [&](image::ArchiveReader&, const image::ArchiveEntry& entry,
                        const std::string& path) -> ContentPtr {
                      return std::make_shared<UnpackedContent>(unpacked, path, entry.size);
                    });
  unpacker.whiteouts = true;
  for (const oci::Descriptor& layer : image.manifest.layers) {
    in_context([&] { return fmt::format("layer {}", to_string(layer.digest)); },
               [&] {
                 if (oci::is_wasm_layer(layer.media_type)) {
                   fail(ErrorKind::FailedPrecondition,
                        "is a bare module: the image has no file system to build on");
                 }
                 image::BlobReader blob = store.open_blob(layer.digest);
                 image::ArchiveReader archive(
                     [&](std::span<std::uint8_t> buffer) { return blob.read(buffer); });
                 if (!archive.is_archive()) {
                   fail(ErrorKind::Unimplemented, "'{}' is not read here", layer.media_type);
                 }
                 unpacker.apply(archive);
               });
  }
  return tree;
}

Spool::Spool(const image::Store& store) {
  std::string path = store.root() + "/tmp";
  file_ = std::make_shared<os::Fd>(
      sys([&] { return ::open(path.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); },
          "make a temporary file in '{}'", path));
}

ContentPtr Spool::add(const std::function<std::size_t(std::span<std::uint8_t>)>& read,
                      std::uint64_t limit) {
  std::uint64_t start = size_;
  std::vector<std::uint8_t> buffer(256u << 10);
  while (std::size_t got = read(buffer)) {
    if (size_ - start + got > limit) {
      fail(ErrorKind::ResourceExhausted, "more than {} bytes unpacked", limit);
    }
    for (std::size_t at = 0; at < got;) {
      at += static_cast<std::size_t>(sys(
          [&] {
            return ::pwrite(file_->get(), buffer.data() + at, got - at,
                            static_cast<off_t>(size_ + at));
          },
          "write an unpacked file"));
    }
    size_ += got;
  }
  return spooled_content(file_, start, size_ - start);
}

bool unpack_archive(const Metadata& file, FileTree& target, LayerPlan& plan,
                    const std::string& directory, const std::optional<Owner>& owner, Spool& spool) {
  std::unique_ptr<ContentReader> reader = file.content->open();
  image::ArchiveReader archive(
      [&](std::span<std::uint8_t> buffer) { return reader->read(buffer); });
  if (!archive.is_archive()) return false;
  FileTree::Found base =
      target.make_directories(directory, [&](Node& made, const std::string& path) {
        if (owner) {
          made.uid = owner->uid;
          made.gid = owner->gid;
        }
        plan.touch(path);
      });
  std::uint64_t start = spool.size();
  Unpacker unpacker(target, base.path,
                    [&](image::ArchiveReader& from, const image::ArchiveEntry& entry,
                        const std::string&) -> ContentPtr {
                      std::uint64_t before = spool.size();
                      ContentPtr content = spool.add(
                          [&](std::span<std::uint8_t> buffer) { return from.read(buffer); },
                          kMaxUnpackedBytes - (before - start));
                      if (spool.size() - before != entry.size) {
                        fail(ErrorKind::InvalidArgument, "holds {} bytes, not {} as it says",
                             spool.size() - before, entry.size);
                      }
                      return content;
                    });
  unpacker.owner = owner;
  unpacker.plan = &plan;
  unpacker.apply(archive);
  return true;
}

}  // namespace wherry::build
