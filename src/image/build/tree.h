// A file system as a build sees it: names and metadata in memory, contents elsewhere.
//
// The context, the stages and the images that COPY --from reads are all trees, so that one code
// resolves paths in them. The tree's root acts as "/": ".." and absolute links stop there, and
// nothing outside can be named. Owners, modes and times are values here: an ordinary user builds
// the same image as root.
//
// Thread safety: a tree belongs to one thread. Nodes stay where they are until they are removed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "image/build/content.h"

namespace wherry::build {

enum class NodeType : std::uint8_t {
  Directory,
  File,
  SymbolicLink,
  Special,  // devices, pipes, sockets: known to be there, never copied
};

struct Metadata {
  NodeType type = NodeType::Directory;
  std::uint32_t mode = 0755;  // permission bits and set-id, sticky
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t mtime = 0;  // seconds since 1970
  std::uint64_t size = 0;  // of a File
  std::string target;      // of a SymbolicLink
  ContentPtr content;      // of a File
};

struct Node : Metadata {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
  bool listed = true;  // children are all there; otherwise the tree's lister brings them

  bool is_directory() const { return type == NodeType::Directory; }
};

enum class Follow : std::uint8_t { No, Yes };  // a symbolic link that is the last component

class FileTree {
 public:
  // Fills the children of a directory whose `listed` is false. `path` as in Found.
  using Lister = std::function<void(Node& directory, const std::string& path)>;

  explicit FileTree(Lister lister = nullptr);
  FileTree(const FileTree& other);
  FileTree& operator=(FileTree&&) = default;
  FileTree(FileTree&&) = default;

  Node& root() { return *root_; }

  struct Found {
    Node* node = nullptr;
    std::string path;  // without links, '.', '..' and leading slash; empty for the root
  };

  // Nothing where there is no such path. Throws Error on too many links.
  std::optional<Found> find(std::string_view path, Follow follow);

  // Makes the directories of path that are missing, following links, a dangling one too; each new
  // one is `made` with its path. Throws Error where something on the way is no directory.
  using Made = std::function<void(Node& directory, const std::string& path)>;
  Found make_directories(std::string_view path, const Made& made);

  // All children, listed first if need be.
  std::map<std::string, std::unique_ptr<Node>, std::less<>>& children(Node& directory,
                                                                      const std::string& path);

  // A child of a listed directory, new or replaced, with what was below it gone unless both are
  // directories. Throws ResourceExhausted on too many entries.
  Node& put(Node& directory, std::string_view name, const Metadata& metadata);

 private:
  std::optional<Found> walk(std::string_view path, Follow follow, const Made* made);
  std::unique_ptr<Node> new_node(const Metadata& metadata);

  std::unique_ptr<Node> root_;
  Lister lister_;
  std::size_t entries_ = 0;  // ever made
};

// "a/b" of "a" and "b"; "b" of "" and "b".
std::string join_path(std::string_view directory, std::string_view name);

}  // namespace wherry::build
