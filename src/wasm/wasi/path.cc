#include "wasm/wasi/path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace wherry::wasi {
namespace {

bool exists(const Descriptor& root, const std::string& path) noexcept {
  return os::try_open_at(root.fd.get(), path.c_str(),
                         {.scope = root.scope, .flags = O_PATH | O_NOFOLLOW})
      .fd.is_open();
}

// The rule of wasi.h: whether a path that came with the root's preopen is meant from the working
// directory. Both names are resolved in the root by the kernel; only the choice is made here.
bool means_working_directory(const Descriptor& root, const std::string& working_directory,
                             const std::string& path) {
  std::string first = path.substr(0, path.find('/'));
  if (first == "." || first == "..") return true;
  if (!exists(root, first)) return true;
  if (!exists(root, working_directory + "/" + first)) return false;
  return !exists(root, path) && exists(root, working_directory + "/" + path);
}

}  // namespace

Place read_place(State& state, Memory memory, u32 fd, Rights needed, u32 path, u32 length) {
  Place place;
  Found found = find_directory(state, fd, needed);
  place.error = found ? read_path(memory, path, length, place.path) : found.error;
  if (!place) return place;
  place.directory = found->fd.get();
  place.scope = found->scope;
  if (found->preopen && found->scope == os::Scope::InRoot && !state.working_directory.empty() &&
      means_working_directory(*found.descriptor, state.working_directory, place.path)) {
    place.path.insert(0, state.working_directory + "/");
  }
  return place;
}

Opened open_to_look(const Place& place, u32 lookup) noexcept {
  int follow = lookup & kLookupSymlinkFollow ? 0 : O_NOFOLLOW;
  os::OpenResult result = os::try_open_at(place.directory, place.path.c_str(),
                                          {.scope = place.scope, .flags = O_PATH | follow});
  if (!result.fd.is_open()) return {os::Fd(), errno_of_lookup(result.error)};
  return {std::move(result.fd), Errno::Success};
}

Name open_parent(const Place& place) {
  auto [parent, error] = os::try_open_parent(place.directory, place.path, place.scope);
  if (!parent) return {.error = errno_of_lookup(error)};
  if (parent->name == "..") return {.error = Errno::Inval};
  if (parent->trailing_slash) parent->name += '/';
  return {std::move(parent->directory), std::move(parent->name), parent->trailing_slash,
          Errno::Success};
}

namespace {

Errno remove_place(const Place& place, int flags) {
  if (!place) return place.error;
  Name removed = open_parent(place);
  if (!removed) return removed.error;
  return success_or_errno(::unlinkat(removed.directory.get(), removed.name.c_str(), flags));
}

}  // namespace

Errno path_create_directory(State& state, Memory memory, u32 fd, u32 path, u32 length) {
  Place place = read_place(state, memory, fd, rights::kPathCreateDirectory, path, length);
  if (!place) return place.error;
  Name made = open_parent(place);
  if (!made) return made.error;
  return success_or_errno(::mkdirat(made.directory.get(), made.name.c_str(), 0777));
}

Errno path_remove_directory(State& state, Memory memory, u32 fd, u32 path, u32 length) {
  return remove_place(read_place(state, memory, fd, rights::kPathRemoveDirectory, path, length),
                      AT_REMOVEDIR);
}

Errno path_unlink_file(State& state, Memory memory, u32 fd, u32 path, u32 length) {
  return remove_place(read_place(state, memory, fd, rights::kPathUnlinkFile, path, length), 0);
}

Errno path_rename(State& state, Memory memory, u32 old_fd, u32 old_path, u32 old_length, u32 new_fd,
                  u32 new_path, u32 new_length) {
  Place from = read_place(state, memory, old_fd, rights::kPathRenameSource, old_path, old_length);
  if (!from) return from.error;
  Place to = read_place(state, memory, new_fd, rights::kPathRenameTarget, new_path, new_length);
  if (!to) return to.error;
  Name source = open_parent(from);
  if (!source) return source.error;
  Name target = open_parent(to);
  if (!target) return target.error;
  return success_or_errno(::renameat(source.directory.get(), source.name.c_str(),
                                     target.directory.get(), target.name.c_str()));
}

// A link is made to the name itself: following it first and then linking is two steps, between
// which it may change, so lookupflags::symlink_follow is refused.
Errno path_link(State& state, Memory memory, u32 old_fd, u32 lookup, u32 old_path, u32 old_length,
                u32 new_fd, u32 new_path, u32 new_length) {
  Place from = read_place(state, memory, old_fd, rights::kPathLinkSource, old_path, old_length);
  if (!from) return from.error;
  Place to = read_place(state, memory, new_fd, rights::kPathLinkTarget, new_path, new_length);
  if (!to) return to.error;
  if (lookup & kLookupSymlinkFollow) return Errno::Inval;
  Name source = open_parent(from);
  if (!source) return source.error;
  if (source.trailing_slash) {
    // The slash would make the kernel follow a symbolic link, and only a directory may have it,
    // which cannot be linked.
    Opened opened = open_to_look(from, 0);
    if (!opened) return opened.error;
    return Errno::Perm;
  }
  Name target = open_parent(to);
  if (!target) return target.error;
  return success_or_errno(::linkat(source.directory.get(), source.name.c_str(),
                                   target.directory.get(), target.name.c_str(), 0));
}

// The target is any text; where it leads is decided whenever it is followed. An absolute one can
// lead nowhere but out, except in a root.
Errno path_symlink(State& state, Memory memory, u32 target, u32 target_length, u32 fd, u32 path,
                   u32 length) {
  Place place = read_place(state, memory, fd, rights::kPathSymlink, path, length);
  if (!place) return place.error;
  auto bytes = memory.bytes(target, target_length);
  if (!bytes) return Errno::Fault;
  if (target_length == 0) return Errno::Noent;
  if (target_length >= kMaxPath) return Errno::Nametoolong;
  std::string text(as_text(*bytes));
  if (text.find('\0') != std::string::npos) return Errno::Inval;
  if (text.front() == '/' && place.scope != os::Scope::InRoot) return Errno::Notcapable;
  Name made = open_parent(place);
  if (!made) return made.error;
  return success_or_errno(::symlinkat(text.c_str(), made.directory.get(), made.name.c_str()));
}

Errno path_readlink(State& state, Memory memory, u32 fd, u32 path, u32 length, u32 buffer,
                    u32 buffer_length, u32 used_out) {
  Place place = read_place(state, memory, fd, rights::kPathReadlink, path, length);
  if (!place) return place.error;
  auto bytes = memory.bytes(buffer, buffer_length);
  if (!bytes || !memory.bytes(used_out, sizeof(u32))) return Errno::Fault;
  Opened link = open_to_look(place, 0);
  if (!link) return link.error;
  struct stat status;
  if (::fstat(link.fd.get(), &status) != 0) return errno_of(errno);
  if (!S_ISLNK(status.st_mode)) return Errno::Inval;
  ssize_t used = 0;
  if (buffer_length != 0) {
    used = ::readlinkat(link.fd.get(), "", reinterpret_cast<char*>(bytes->data()), bytes->size());
    if (used < 0) return errno_of(errno);
  }
  return give(memory, used_out, static_cast<u32>(used));
}

}  // namespace wherry::wasi
