#include "image/build/layer_plan.h"

#include "base/error.h"

namespace wherry::build {

std::vector<LayerPlan::Entry> LayerPlan::take_entries(FileTree& tree) const {
  std::set<std::string> wanted;
  for (const std::string& path : touched_) {
    for (std::size_t end = path.find('/'); end != path.npos; end = path.find('/', end + 1)) {
      wanted.insert(path.substr(0, end));
    }
    wanted.insert(path);
  }
  std::vector<Entry> entries;
  for (const std::string& path : wanted) {
    std::optional<FileTree::Found> found = tree.find(path, Follow::No);
    WHERRY_CHECK(found && found->path == path);
    entries.push_back({path, *found->node});
  }
  return entries;
}

image::WrittenLayer write_layer(image::LayerWriter writer,
                                const std::vector<LayerPlan::Entry>& entries,
                                std::optional<std::int64_t> mtime,
                                const std::function<void()>& check) {
  std::vector<std::uint8_t> buffer(256u << 10);
  for (const LayerPlan::Entry& entry : entries) {
    check();
    const Metadata& metadata = entry.metadata;
    image::LayerEntry header{.path = entry.path,
                             .link_target = metadata.target,
                             .mode = metadata.mode,
                             .uid = metadata.uid,
                             .gid = metadata.gid,
                             .mtime = mtime.value_or(metadata.mtime)};
    switch (metadata.type) {
      case NodeType::Directory:
        header.type = image::EntryType::Directory;
        break;
      case NodeType::SymbolicLink:
        header.type = image::EntryType::SymbolicLink;
        break;
      case NodeType::File:
        header.type = image::EntryType::File;
        header.size = metadata.size;
        break;
      case NodeType::Special:
        WHERRY_CHECK(false);
    }
    writer.add(header);
    if (metadata.type != NodeType::File) continue;
    std::unique_ptr<ContentReader> reader = metadata.content->open();
    while (std::size_t got = reader->read(buffer)) {
      check();
      writer.write(ByteSpan(buffer).first(got));
    }
  }
  return writer.finish();
}

}  // namespace wherry::build
