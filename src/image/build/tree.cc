#include "image/build/tree.h"

#include <vector>

#include "base/error.h"
#include "image/build/limits.h"

namespace wherry::build {
namespace {

// Puts the components of path on a stack, the first on top.
void push_components(std::string_view path, std::vector<std::string>& stack) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    std::size_t end = std::min(path.find('/'), path.size());
    if (end != 0) parts.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  stack.insert(stack.end(), parts.rbegin(), parts.rend());
}

std::unique_ptr<Node> copy_of(const Node& node) {
  auto copy = std::make_unique<Node>();
  static_cast<Metadata&>(*copy) = node;
  copy->listed = node.listed;
  for (const auto& [name, child] : node.children) copy->children.emplace(name, copy_of(*child));
  return copy;
}

}  // namespace

FileTree::FileTree(Lister lister) : root_(std::make_unique<Node>()), lister_(std::move(lister)) {
  root_->listed = lister_ == nullptr;
}

FileTree::FileTree(const FileTree& other)
    : root_(copy_of(*other.root_)), lister_(other.lister_), entries_(other.entries_) {}

std::unique_ptr<Node> FileTree::new_node(const Metadata& metadata) {
  if (++entries_ > kMaxTreeEntries) {
    fail(ErrorKind::ResourceExhausted, "more than {} files and directories", kMaxTreeEntries);
  }
  auto node = std::make_unique<Node>();
  static_cast<Metadata&>(*node) = metadata;
  return node;
}

std::map<std::string, std::unique_ptr<Node>, std::less<>>& FileTree::children(
    Node& directory, const std::string& path) {
  if (!directory.listed) {
    lister_(directory, path);
    directory.listed = true;
  }
  return directory.children;
}

Node& FileTree::put(Node& directory, std::string_view name, const Metadata& metadata) {
  auto found = directory.children.find(name);
  if (found == directory.children.end()) {
    return *directory.children.emplace(std::string(name), new_node(metadata)).first->second;
  }
  Node& node = *found->second;
  if (!node.is_directory() || metadata.type != NodeType::Directory) {
    node.children.clear();
    node.listed = true;
  }
  static_cast<Metadata&>(node) = metadata;
  return node;
}

std::optional<FileTree::Found> FileTree::walk(std::string_view path, Follow follow,
                                              const Made* made) {
  if (path.size() > kMaxPathBytes) {
    fail(ErrorKind::InvalidArgument, "path '{}…' is longer than {} bytes", path.substr(0, 60),
         kMaxPathBytes);
  }
  std::vector<Found> trail = {{root_.get(), ""}};
  std::vector<std::string> rest;
  push_components(path, rest);
  std::size_t links = 0;
  while (!rest.empty()) {
    std::string name = std::move(rest.back());
    rest.pop_back();
    if (name == ".") continue;
    if (name == "..") {
      if (trail.size() > 1) trail.pop_back();
      continue;
    }
    Node& here = *trail.back().node;
    if (!here.is_directory()) {
      if (!made) return std::nullopt;
      fail(ErrorKind::FailedPrecondition, "'/{}' is not a directory", trail.back().path);
    }
    auto& below = children(here, trail.back().path);
    auto found = below.find(name);
    std::string child_path = join_path(trail.back().path, name);
    if (found == below.end()) {
      if (!made) return std::nullopt;
      if (trail.size() > kMaxPathDepth) {
        fail(ErrorKind::ResourceExhausted, "'/{}…' is more than {} directories deep",
             child_path.substr(0, 60), kMaxPathDepth);
      }
      Node& directory = put(here, name, {});
      (*made)(directory, child_path);
      trail.push_back({&directory, std::move(child_path)});
      continue;
    }
    Node& child = *found->second;
    if (child.type == NodeType::SymbolicLink && (!rest.empty() || follow == Follow::Yes)) {
      if (++links > kMaxSymlinks) {
        fail(ErrorKind::InvalidArgument, "'{}' leads through more than {} symbolic links",
             path.substr(0, 200), kMaxSymlinks);
      }
      if (child.target.starts_with('/')) trail.resize(1);
      push_components(child.target, rest);
      continue;
    }
    trail.push_back({&child, std::move(child_path)});
  }
  if (made && !trail.back().node->is_directory()) {
    fail(ErrorKind::FailedPrecondition, "'/{}' is not a directory", trail.back().path);
  }
  return std::move(trail.back());
}

std::optional<FileTree::Found> FileTree::find(std::string_view path, Follow follow) {
  return walk(path, follow, nullptr);
}

FileTree::Found FileTree::make_directories(std::string_view path, const Made& made) {
  return *walk(path, Follow::Yes, &made);
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string joined(directory);
  if (!joined.empty()) joined += '/';
  joined += name;
  return joined;
}

}  // namespace wherry::build
