// What one instruction adds to the file system: the layer to be, not yet written.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "image/build/tree.h"
#include "image/store/layer_writer.h"

namespace wherry::build {

// Paths that changed and, where the time comes, what is there. Collect while the tree changes, then
// take_entries() once.
class LayerPlan {
 public:
  void touch(const std::string& path) { touched_.insert(path); }
  bool is_empty() const { return touched_.empty(); }

  struct Entry {
    std::string path;
    Metadata metadata;
  };
  // The touched paths and the directories that lead to them, each after its parent.
  std::vector<Entry> take_entries(FileTree& tree) const;

 private:
  std::set<std::string> touched_;
};

// Writes a layer of entries. `check` is called between pieces and may throw to stop it. mtime,
// where given, is every entry's.
image::WrittenLayer write_layer(image::LayerWriter writer,
                                const std::vector<LayerPlan::Entry>& entries,
                                std::optional<std::int64_t> mtime,
                                const std::function<void()>& check);

}  // namespace wherry::build
