// What guests write: the upper layers of containers that stand on an image. They lie on disk, in the
// store, because a guest may write any amount.
//
//   ROOT/layers/<algorithm>-<hex of the image's digest>.<container id>/upper, work   (overlay)
//   ROOT/mounts/proc, dev   below every image: what each container would have to make in its own layer
//
// A name says which image must not be removed (image/store reads it). A layer is locked (flock) as
// long as its `wherry` lives.
//
// Concurrency: any number of processes. Thread safety: one object belongs to one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "os/fd.h"

namespace wherry::container {

struct Layer {
  std::string path;  // absolute; holds upper/ and work/
  os::Fd lock;
};

class Layers {
 public:
  // root: of the store; absolute, and there.
  explicit Layers(const std::string& root) : path_(root + "/layers"), mounts_(root + "/mounts") {}

  // The lowest folder of a root file system, absolute. Makes it where it is missing. Throws Error.
  const std::string& mount_points() const;
  // image: a digest. Throws Error.
  Layer make(const std::string& image, const std::string& id) const;
  // The layer of a container, if it has one. Throws Error.
  void remove(const std::string& id) const;
  // Removes what nobody holds and no container that was kept stands on.
  void sweep(std::size_t at_most,
             const std::function<bool(const std::string& id)>& is_kept) const noexcept;

 private:
  std::string path_;
  std::string mounts_;
};

}  // namespace wherry::container
