// Layers applied to a directory, lowest first (image-spec layer.md).
//
// The archives are somebody else's. Every entry is placed through os/path_at, which lets the kernel
// resolve its folder with the directory as "/"; what asks to be elsewhere ('..', an absolute name, a
// link whose target lies outside) is refused, as are device nodes. Whatever the archives do,
// nothing outside the directory changes.
#pragma once

#include <map>
#include <string>
#include <unordered_set>

#include "base/digest.h"
#include "image/store/layer_stream.h"
#include "image/store/limits.h"
#include "os/fd.h"
#include "os/path_at.h"

struct archive_entry;

namespace wherry::image {

enum class Ownership : std::uint8_t {
  Keep,    // owners, setuid bits and capabilities as the layer says; needs root
  Ignore,  // everything belongs to who unpacks
};

class LayerApplier {
 public:
  // rootfs is an open directory; it must outlive the applier.
  LayerApplier(int rootfs, Ownership ownership, const UnpackLimits& limits);

  // Applies one layer and returns its diff_id. Throws Error "entry 'path': …"; the directory is then
  // in no particular state.
  Digest apply(ByteSource source);

  // A layer that is a module: the one file `name`. Returns the digest of the module.
  Digest apply_module(ByteSource source, const std::string& name);

  // Gives folders their modes and times, which had to wait until all was in them.
  void finish();

  // The digests of the Wasm modules now in the directory, by absolute path.
  const std::map<std::string, Digest>& modules() const { return modules_; }

 private:
  struct FolderState {
    mode_t mode;
    std::int64_t mtime;
  };

  void apply_entry(LayerStream& stream, ::archive_entry* entry);
  void apply_whiteout(const std::string& path, std::size_t name_at);
  void place(LayerStream& stream, ::archive_entry* entry, const std::string& path);
  void place_folder(const os::Parent& parent, ::archive_entry* entry, const std::string& path);
  void place_file(const os::Parent& parent, LayerStream& stream, ::archive_entry* entry,
                  const std::string& path);
  void place_symlink(const os::Parent& parent, ::archive_entry* entry, const std::string& path);
  void place_hard_link(const os::Parent& parent, const std::string& target,
                       const std::string& path);
  os::Parent parent_of(const std::string& path);
  void remove_lower(int folder, const std::string& name, const std::string& path);
  void empty_of_lower(int folder, const std::string& path);
  void forget(const std::string& path);
  void remember(const std::string& path);
  std::string read_path(const char* text) const;
  void set_owner(int folder, const std::string& name, ::archive_entry* entry) const;
  mode_t mode_of(::archive_entry* entry) const;
  void count_entry(std::uint64_t size);

  int rootfs_;
  Ownership ownership_;
  UnpackLimits limits_;
  std::uint64_t entries_ = 0;
  std::uint64_t bytes_ = 0;
  std::map<std::string, FolderState> folders_;
  std::map<std::string, Digest> modules_;
  std::unordered_set<std::string> this_layer_;  // what it placed, and the folders that lead there
};

}  // namespace wherry::image
