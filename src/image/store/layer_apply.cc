// Deletion in layers. A layer cannot say "remove" in tar, so names say it: an entry `.wh.NAME` removes
// NAME of the layers below, and `.wh..wh..opq` everything of theirs in its folder. Neither touches
// what the same layer brought, wherever in the archive it stands: hence the record of what this layer
// placed. Other names that begin with `.wh..wh.` are aufs's own and mean nothing here.
#include "image/store/layer_apply.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "image/store/archive_locale.h"
#include "os/file.h"

namespace wherry::image {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::string_view kAufsOwn = ".wh..wh.";
constexpr std::string_view kWasmMagic{"\0asm", 4};

std::array<timespec, 2> times(std::int64_t seconds) {
  timespec time{.tv_sec = seconds, .tv_nsec = 0};
  return {time, time};
}

// Whether a relative link in the folder of `path` climbs above the root. Names alone decide: what
// they resolve to is the kernel's business at the time of use.
bool climbs_out(std::string_view path, std::string_view target) {
  if (target.starts_with('/')) return false;  // begins at the root of whoever follows it
  long depth = std::ranges::count(path, '/');
  while (!target.empty()) {
    std::size_t slash = target.find('/');
    std::string_view part = target.substr(0, slash);
    if (part == "..") {
      if (--depth < 0) return true;
    } else if (!part.empty() && part != ".") {
      ++depth;
    }
    target = slash == std::string_view::npos ? "" : target.substr(slash + 1);
  }
  return false;
}

std::vector<std::string> names_in(int folder) {
  int copy = sys([&] { return ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); },
                 "read a folder");
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), ::closedir);
  if (!stream) {
    ::close(copy);
    fail_errno(errno, "read a folder");
  }
  std::vector<std::string> names;
  while (dirent* entry = ::readdir(stream.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  return names;
}

bool is_folder(int folder, const std::string& name) {
  struct stat info{};
  return ::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

void set_xattrs(int file, ::archive_entry* entry, Ownership ownership) {
  ::archive_entry_xattr_reset(entry);
  const char* name;
  const void* value;
  std::size_t size;
  while (::archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
    std::string_view key = name ? name : "";
    bool wanted =
        key.starts_with("user.") || (ownership == Ownership::Keep && key == "security.capability");
    if (!wanted) continue;
    if (::fsetxattr(file, name, value, size, 0) != 0 && errno != ENOTSUP) {
      fail_errno(errno, "set attribute '{}'", key);
    }
  }
}

}  // namespace

LayerApplier::LayerApplier(int rootfs, Ownership ownership, const UnpackLimits& limits)
    : rootfs_(rootfs), ownership_(ownership), limits_(limits) {}

Digest LayerApplier::apply(ByteSource source) {
  this_layer_.clear();
  Utf8Locale utf8;
  LayerStream stream(std::move(source), limits_);
  for (;;) {
    ::archive_entry* entry;
    int result = ::archive_read_next_header(stream.tar(), &entry);
    if (result == ARCHIVE_EOF) break;
    stream.check(result);
    apply_entry(stream, entry);
  }
  return stream.finish();
}

Digest LayerApplier::apply_module(ByteSource source, const std::string& name) {
  os::Fd file(sys(
      [&] {
        return ::openat(rootfs_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
      },
      "create '{}'", name));
  Sha256 sha;
  std::vector<std::uint8_t> buffer(64 * 1024);
  for (std::size_t got; (got = source(buffer)) > 0;) {
    count_entry(got);
    os::write_all(file.get(), ByteSpan(buffer).first(got));
    sha.update(ByteSpan(buffer).first(got));
  }
  sys([&] { return ::futimens(file.get(), times(0).data()); }, "set the times of '{}'", name);
  Digest digest = sha.finish();
  modules_["/" + name] = digest;
  return digest;
}

void LayerApplier::count_entry(std::uint64_t size) {
  if (++entries_ > limits_.entries) {
    fail(ErrorKind::ResourceExhausted, "the image has more than {} files", limits_.entries);
  }
  if (size > limits_.bytes || (bytes_ += size) > limits_.bytes) {
    fail(ErrorKind::ResourceExhausted, "the image is larger than {} bytes when unpacked",
         limits_.bytes);
  }
}

// The path without '.' and empty parts; empty for the root itself.
std::string LayerApplier::read_path(const char* text) const {
  if (!text) fail(ErrorKind::InvalidArgument, "a name that cannot be read");
  std::string_view rest = text;
  if (rest.size() > limits_.path_length) {
    fail(ErrorKind::InvalidArgument, "its name is longer than {} bytes", limits_.path_length);
  }
  if (rest.starts_with('/')) fail(ErrorKind::InvalidArgument, "its name is absolute");
  std::string path;
  while (!rest.empty()) {
    std::size_t slash = rest.find('/');
    std::string_view part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
    if (part == "..") fail(ErrorKind::InvalidArgument, "its name climbs out by '..'");
    if (part.empty() || part == ".") continue;
    if (!path.empty()) path += '/';
    path += part;
  }
  return path;
}

void LayerApplier::apply_entry(LayerStream& stream, ::archive_entry* entry) {
  const char* written = ::archive_entry_pathname(entry);
  in_context(
      [&] {
        std::string_view shown = written ? written : "";
        return fmt::format("entry '{}'", shown.substr(0, 200));
      },
      [&] {
        std::string path = read_path(written);
        la_int64_t size = ::archive_entry_size(entry);
        count_entry(size > 0 ? static_cast<std::uint64_t>(size) : 0);
        std::size_t name_at = path.rfind('/') + 1;
        if (std::string_view(path).substr(name_at).starts_with(kWhiteout)) {
          apply_whiteout(path, name_at);
        } else {
          place(stream, entry, path);
        }
      });
}

void LayerApplier::apply_whiteout(const std::string& path, std::size_t name_at) {
  std::string_view name = std::string_view(path).substr(name_at);
  std::string folder_path = path.substr(0, name_at == 0 ? 0 : name_at - 1);
  if (name == kOpaque) {
    os::OpenResult folder =
        os::try_open_at(rootfs_, folder_path.empty() ? "." : folder_path.c_str(),
                        {.scope = os::Scope::InRoot, .flags = O_RDONLY | O_DIRECTORY});
    if (folder.fd.is_open()) empty_of_lower(folder.fd.get(), folder_path);
    return;
  }
  if (name.starts_with(kAufsOwn)) return;
  std::string removed(name.substr(kWhiteout.size()));
  if (removed.empty() || removed == "." || removed == "..") {
    fail(ErrorKind::InvalidArgument, "it removes no file that could exist");
  }
  auto [parent, error] =
      os::try_open_parent(rootfs_, path.substr(0, name_at) + removed, os::Scope::InRoot);
  if (parent) remove_lower(parent->directory.get(), removed, path.substr(0, name_at) + removed);
}

void LayerApplier::remove_lower(int folder, const std::string& name, const std::string& path) {
  if (!this_layer_.contains(path)) {
    os::remove_all_at(folder, name);
    forget(path);
  } else if (is_folder(folder, name)) {
    os::Fd inner(sys(
        [&] {
          return ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        },
        "open '{}'", name));
    empty_of_lower(inner.get(), path);
  }
}

void LayerApplier::empty_of_lower(int folder, const std::string& path) {
  for (const std::string& name : names_in(folder)) {
    remove_lower(folder, name, path.empty() ? name : path + "/" + name);
  }
}

// What is removed leaves no mode to set and no digest.
void LayerApplier::forget(const std::string& path) {
  auto erase_below = [](auto& map, const std::string& key) {
    map.erase(key);
    auto first = map.lower_bound(key + "/");
    auto last = first;
    while (last != map.end() && last->first.starts_with(key + "/")) ++last;
    map.erase(first, last);
  };
  erase_below(folders_, path);
  erase_below(modules_, "/" + path);
}

void LayerApplier::remember(const std::string& path) {
  for (std::size_t end = path.size(); end != std::string::npos && end > 0;
       end = path.rfind('/', end - 1)) {
    if (!this_layer_.insert(path.substr(0, end)).second) return;
  }
}

os::Parent LayerApplier::parent_of(const std::string& path) {
  auto [parent, error] = os::try_open_parent(rootfs_, path, os::Scope::InRoot);
  if (parent) return std::move(*parent);
  if (error != ENOENT) fail_errno(error, "open its folder");
  // Archives may leave out folders that nothing is to be said about.
  os::make_directories(rootfs_, path.substr(0, path.rfind('/')), 0755, os::Scope::InRoot);
  return os::open_parent(rootfs_, path, os::Scope::InRoot);
}

mode_t LayerApplier::mode_of(::archive_entry* entry) const {
  // A setuid file whose owner is not kept would be somebody else's.
  return ::archive_entry_perm(entry) & (ownership_ == Ownership::Keep ? 07777 : 0777);
}

void LayerApplier::set_owner(int folder, const std::string& name, ::archive_entry* entry) const {
  if (ownership_ == Ownership::Ignore) return;
  auto uid = static_cast<uid_t>(::archive_entry_uid(entry));
  auto gid = static_cast<gid_t>(::archive_entry_gid(entry));
  sys([&] { return ::fchownat(folder, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW); },
      "give it to {}:{}", uid, gid);
}

void LayerApplier::place(LayerStream& stream, ::archive_entry* entry, const std::string& path) {
  const char* hard_link = ::archive_entry_hardlink(entry);
  mode_t type = ::archive_entry_filetype(entry);
  if (path.empty()) {
    if (type != AE_IFDIR || hard_link) {
      fail(ErrorKind::InvalidArgument, "the root of the image is not a folder");
    }
    set_owner(rootfs_, ".", entry);
    folders_[path] = {mode_of(entry), ::archive_entry_mtime(entry)};
    return;
  }
  if (!hard_link && type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK) {
    bool device = type == AE_IFCHR || type == AE_IFBLK;
    fail(ErrorKind::InvalidArgument, "{}",
         device ? "it is a device node, which no Wasm image needs"
                : "it is neither file, folder nor link");
  }
  std::string target;
  if (hard_link) {
    target = in_context([&] { return fmt::format("hard link to '{}'", hard_link); },
                        [&] { return read_path(hard_link); });
    if (target.empty() || target == path) fail(ErrorKind::InvalidArgument, "it links to no file");
  }
  os::Parent parent = parent_of(path);
  bool folder_again =
      !hard_link && type == AE_IFDIR && is_folder(parent.directory.get(), parent.name);
  if (!folder_again) {
    os::remove_all_at(parent.directory.get(), parent.name);
    forget(path);
  }
  if (hard_link) {
    place_hard_link(parent, target, path);
  } else if (type == AE_IFDIR) {
    place_folder(parent, entry, path);
  } else if (type == AE_IFLNK) {
    place_symlink(parent, entry, path);
  } else {
    place_file(parent, stream, entry, path);
  }
  remember(path);
}

void LayerApplier::place_folder(const os::Parent& parent, ::archive_entry* entry,
                                const std::string& path) {
  if (::mkdirat(parent.directory.get(), parent.name.c_str(), 0700) != 0 && errno != EEXIST) {
    fail_errno(errno, "create the folder");
  }
  set_owner(parent.directory.get(), parent.name, entry);
  folders_[path] = {mode_of(entry), ::archive_entry_mtime(entry)};
}

void LayerApplier::place_symlink(const os::Parent& parent, ::archive_entry* entry,
                                 const std::string& path) {
  const char* target = ::archive_entry_symlink(entry);
  if (!target || !*target) fail(ErrorKind::InvalidArgument, "a symbolic link to nothing");
  if (climbs_out(path, target)) {
    fail(ErrorKind::InvalidArgument, "a symbolic link to '{}', which is outside of the image",
         std::string_view(target).substr(0, 200));
  }
  sys([&] { return ::symlinkat(target, parent.directory.get(), parent.name.c_str()); },
      "create the symbolic link");
  set_owner(parent.directory.get(), parent.name, entry);
  ::utimensat(parent.directory.get(), parent.name.c_str(),
              times(::archive_entry_mtime(entry)).data(), AT_SYMLINK_NOFOLLOW);
}

void LayerApplier::place_hard_link(const os::Parent& parent, const std::string& target,
                                   const std::string& path) {
  in_context([&] { return fmt::format("hard link to '{}'", target); },
             [&] {
               os::Parent source = os::open_parent(rootfs_, target, os::Scope::InRoot);
               sys(
                   [&] {
                     return ::linkat(source.directory.get(), source.name.c_str(),
                                     parent.directory.get(), parent.name.c_str(), 0);
                   },
                   "link");
             });
  if (auto module = modules_.find("/" + target); module != modules_.end()) {
    modules_["/" + path] = module->second;
  }
}

void LayerApplier::place_file(const os::Parent& parent, LayerStream& stream, ::archive_entry* entry,
                              const std::string& path) {
  os::Fd file(sys(
      [&] {
        return ::openat(parent.directory.get(), parent.name.c_str(),
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
      },
      "create the file"));
  Sha256 sha;
  bool is_module = false;
  la_int64_t end = 0;
  la_int64_t size = ::archive_entry_size(entry);
  while (auto piece = stream.next_piece()) {
    auto [block, offset] = *piece;
    if (offset < end || offset > size || block.size() > static_cast<std::size_t>(size - offset)) {
      fail(ErrorKind::DataLoss, "its pieces do not fit into its size");
    }
    if (offset > end) {  // a hole: no module has one
      is_module = false;
      sys([&] { return ::lseek(file.get(), offset, SEEK_SET); }, "seek");
    }
    if (end == 0 && offset == 0) is_module = as_text(block).starts_with(kWasmMagic);
    if (is_module) sha.update(block);
    os::write_all(file.get(), block);
    end = offset + static_cast<la_int64_t>(block.size());
  }
  if (end < size) {
    is_module = false;
    sys([&] { return ::ftruncate(file.get(), size); }, "set its size");
  }
  if (is_module) modules_["/" + path] = sha.finish();
  set_owner(parent.directory.get(), parent.name, entry);
  // After the owner, whose change drops setuid bits and capabilities.
  sys([&] { return ::fchmod(file.get(), mode_of(entry)); }, "set its mode");
  set_xattrs(file.get(), entry, ownership_);
  sys([&] { return ::futimens(file.get(), times(::archive_entry_mtime(entry)).data()); },
      "set its times");
}

void LayerApplier::finish() {
  // The deepest first: a folder's time is its own again once nothing in it changes any more.
  for (auto each = folders_.rbegin(); each != folders_.rend(); ++each) {
    const auto& [path, state] = *each;
    os::OpenResult folder =
        os::try_open_at(rootfs_, path.empty() ? "." : path.c_str(),
                        {.scope = os::Scope::InRoot, .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW});
    if (!folder.fd.is_open()) continue;  // it has become something else
    in_context([&] { return fmt::format("folder '{}'", path); },
               [&] {
                 sys([&] { return ::fchmod(folder.fd.get(), state.mode); }, "set its mode");
                 sys([&] { return ::futimens(folder.fd.get(), times(state.mtime).data()); },
                     "set its times");
               });
  }
}

}  // namespace wherry::image
