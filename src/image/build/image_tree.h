// Archives as trees: the layers of an image put on top of each other, and what ADD unpacks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "image/build/layer_plan.h"
#include "image/build/owner.h"
#include "image/build/tree.h"
#include "image/store/store.h"

namespace wherry::build {

// The files of a stored image. Contents are read from its unpacked root file system, which is made
// when the first is asked for. Store and the caller's lease must outlive the tree.
FileTree tree_of_image(const image::Store& store, const image::Image& image);

// A file without a name on the store's disk, for contents that lie nowhere else.
class Spool {
 public:
  explicit Spool(const image::Store& store);

  // Appends everything that read gives. Throws where there are more than limit bytes.
  ContentPtr add(const std::function<std::size_t(std::span<std::uint8_t>)>& read,
                 std::uint64_t limit);
  std::uint64_t size() const { return size_; }

 private:
  std::shared_ptr<os::Fd> file_;
  std::uint64_t size_ = 0;
};

// Whether file is a tar archive, compressed or not; if so its entries are put below directory.
bool unpack_archive(const Metadata& file, FileTree& target, LayerPlan& plan,
                    const std::string& directory, const std::optional<Owner>& owner, Spool& spool);

}  // namespace wherry::build
