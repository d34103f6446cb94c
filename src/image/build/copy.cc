#include "image/build/copy.h"

#include "base/error.h"
#include "image/build/glob.h"
#include "image/build/limits.h"

namespace wherry::build {
namespace {

std::string base_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));  // npos + 1 is 0
}

std::string without_slashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path);
}

class Copier {
 public:
  Copier(FileTree& from, std::string_view where, FileTree& target, const CopyOptions& options,
         LayerPlan& plan, std::vector<std::string>& notices)
      : from_(from),
        where_(where),
        target_(target),
        options_(options),
        plan_(plan),
        notices_(notices) {}

  // The paths of the source tree that a source means. Several may match a pattern.
  std::vector<std::string> matches_of(const std::string& source) {
    std::string path = clean_path(source);
    // As a root directory has it: what is above it is itself.
    while (path == ".." || path.starts_with("../")) path.erase(0, 3);
    path = path == "." ? "" : without_slashes(path);
    if (!has_wildcards(path)) return {path};
    std::vector<std::string> matches = {""};
    match(path, matches);
    // A file whose very name looks like a pattern: pages/[id].js
    if (matches.empty() && from_.find(path, Follow::No)) return {path};
    if (matches.empty()) {
      notices_.push_back(fmt::format("'{}' matches nothing in {}", source, where_));
    }
    return matches;
  }

  // Whether something is there that makes `destination` a directory by itself.
  bool is_directory(std::string_view destination) {
    auto found = target_.find(destination, Follow::Yes);
    return found && found->node->is_directory();
  }

  void copy_path(const std::string& source, const std::string& path, std::string destination,
                 bool into_directory) {
    auto found = from_.find(path, Follow::Yes);
    if (!found) missing(source, path);
    if (options_.keep_parents) {
      std::string kept = kept_path(source, path);
      bool directory = found->node->is_directory();
      std::size_t slash = kept.rfind('/');
      std::string above = directory ? kept : slash == kept.npos ? "" : kept.substr(0, slash);
      destination = without_slashes(destination) + "/" + above;
      into_directory = true;
    }
    if (found->node->is_directory()) {
      FileTree::Found into = make_directories(destination);
      copy_contents(*found, into, "", {});
      return;
    }
    copy_file(*found->node, base_name(path.empty() ? source : path), path, destination,
              into_directory);
  }

  void copy_file(const Metadata& file, const std::string& name, const std::string& path,
                 std::string_view destination, bool into_directory) {
    if (file.type == NodeType::Special) {
      fail(ErrorKind::InvalidArgument, "'{}' is neither a file, a directory nor a link", path);
    }
    if (options_.exclude.ignores(name) || (!path.empty() && options_.exclude.ignores(path))) return;
    if (options_.unpack && file.type == NodeType::File) {
      if (options_.unpack(file, target_, plan_, std::string(destination))) return;
    }
    if (into_directory || is_directory(destination)) {
      put(make_directories(destination), name, file);
      return;
    }
    std::string path_in_target = without_slashes(clean_path(destination));
    std::size_t slash = path_in_target.rfind('/');
    std::string above = slash == path_in_target.npos ? "" : path_in_target.substr(0, slash);
    put(make_directories(above), base_name(path_in_target), file);
  }

 private:
  [[noreturn]] void missing(const std::string& source, const std::string& path) {
    auto link = from_.find(path, Follow::No);
    if (link && link->node->type == NodeType::SymbolicLink) {
      fail(ErrorKind::NotFound, "'{}' is a link to '{}', which is not found in {}", source,
           link->node->target, where_);
    }
    fail(ErrorKind::NotFound, "'{}' not found in {}", source, where_);
  }

  // Replaces each directory in `matches` by what it holds that the next component matches.
  void match(const std::string& pattern, std::vector<std::string>& matches) {
    std::size_t at = 0;
    while (at <= pattern.size() && !matches.empty()) {
      std::size_t end = std::min(pattern.find('/', at), pattern.size());
      std::string component = pattern.substr(at, end - at);
      bool any_depth = component.find("**") != component.npos;
      Glob glob(any_depth ? pattern.substr(at) : component);
      std::vector<std::string> next;
      for (const std::string& directory : matches) {
        if (any_depth) {
          match_below(directory, "", glob, next, 0);
        } else if (!has_wildcards(component)) {
          std::string path = join_path(directory, component);
          if (from_.find(path, Follow::No)) next.push_back(std::move(path));
        } else {
          match_children(directory, glob, next);
        }
      }
      matches = std::move(next);
      if (any_depth) return;
      at = end + 1;
    }
  }

  void match_children(const std::string& directory, const Glob& glob,
                      std::vector<std::string>& next) {
    auto found = from_.find(directory, Follow::Yes);
    if (!found || !found->node->is_directory()) return;
    for (const auto& [name, child] : from_.children(*found->node, found->path)) {
      if (glob.matches(name)) next.push_back(join_path(directory, name));
    }
  }

  void match_below(const std::string& directory, const std::string& relative, const Glob& glob,
                   std::vector<std::string>& next, std::size_t depth) {
    if (depth > kMaxPathDepth) return;
    auto found = from_.find(directory, Follow::No);
    if (!found || !found->node->is_directory()) return;
    for (const auto& [name, child] : from_.children(*found->node, found->path)) {
      std::string below = join_path(relative, name);
      if (glob.matches(below)) next.push_back(join_path(directory, name));
      if (child->is_directory()) {
        match_below(join_path(directory, name), below, glob, next, depth + 1);
      }
    }
  }

  // What of a path --parents keeps: all of it, or what follows "/./" in the source as written.
  static std::string kept_path(const std::string& source, const std::string& path) {
    std::size_t pivot = source.find("/./");
    if (pivot == source.npos) return path;
    std::string above = without_slashes(clean_path(source.substr(0, pivot)));
    std::size_t skip = 0;
    for (std::size_t i = 0; above != "." && !above.empty() && i < above.size(); ++i) {
      skip += above[i] == '/';
    }
    std::size_t at = 0;
    if (above != "." && !above.empty()) {
      for (std::size_t i = 0; i <= skip && at != path.npos; ++i) {
        at = path.find('/', at);
        if (at != path.npos) ++at;
      }
    }
    return at == path.npos ? std::string() : path.substr(at);
  }

  FileTree::Found make_directories(std::string_view path) {
    return target_.make_directories(path, [&](Node& directory, const std::string& made) {
      directory.mode = 0755;
      if (options_.owner) {
        directory.uid = options_.owner->uid;
        directory.gid = options_.owner->gid;
      }
      plan_.touch(made);
    });
  }

  void put(const FileTree::Found& directory, const std::string& name, const Metadata& source) {
    std::string path = join_path(directory.path, name);
    auto& below = target_.children(*directory.node, directory.path);
    auto existing = below.find(name);
    bool is_directory = source.type == NodeType::Directory;
    if (existing != below.end() && existing->second->is_directory() != is_directory) {
      fail(ErrorKind::FailedPrecondition, "{} '/{}' is in the way of {}",
           is_directory ? "what is no directory at" : "the directory", path,
           is_directory ? "a directory" : "a file");
    }
    Node& node = target_.put(*directory.node, name, source);
    if (options_.owner) {
      node.uid = options_.owner->uid;
      node.gid = options_.owner->gid;
    }
    if (options_.mode && source.type != NodeType::SymbolicLink) {
      node.mode = options_.mode->apply(source.mode, is_directory);
    }
    plan_.touch(path);
  }

  void copy_contents(const FileTree::Found& source, const FileTree::Found& into,
                     const std::string& relative, const Ignore::Matched& above) {
    for (const auto& [name, child] : from_.children(*source.node, source.path)) {
      std::string below = join_path(relative, name);
      std::string path = join_path(source.path, name);
      Ignore::Verdict verdict = options_.exclude.check(below, above);
      if (verdict.ignored && !(child->is_directory() && options_.exclude.has_exceptions()))
        continue;
      if (child->type == NodeType::Special) {
        notices_.push_back(
            fmt::format("'{}' is neither a file, a directory nor a link: left out", path));
        continue;
      }
      if (!child->is_directory()) {
        put(into, name, *child);
        continue;
      }
      if (verdict.ignored && !wants_any(*child, path, below, verdict.matched)) continue;
      put(into, name, *child);
      std::string target_path = join_path(into.path, name);
      Node& target = *target_.children(*into.node, into.path).find(name)->second;
      copy_contents({child.get(), path}, {&target, target_path}, below, verdict.matched);
    }
  }

  // Whether an exception lets anything below an excluded directory through.
  bool wants_any(Node& directory, const std::string& path, const std::string& relative,
                 const Ignore::Matched& above) {
    for (const auto& [name, child] : from_.children(directory, path)) {
      std::string below = join_path(relative, name);
      Ignore::Verdict verdict = options_.exclude.check(below, above);
      if (!verdict.ignored) return true;
      if (child->is_directory() &&
          wants_any(*child, join_path(path, name), below, verdict.matched)) {
        return true;
      }
    }
    return false;
  }

  FileTree& from_;
  std::string_view where_;
  FileTree& target_;
  const CopyOptions& options_;
  LayerPlan& plan_;
  std::vector<std::string>& notices_;
};

}  // namespace

void copy_files(FileTree& from, std::string_view where, const std::vector<CopySource>& sources,
                FileTree& target, std::string_view destination, const CopyOptions& options,
                LayerPlan& plan, std::vector<std::string>& notices) {
  Copier copier(from, where, target, options, plan, notices);
  bool into_directory = destination.ends_with('/');
  struct Match {
    const CopySource* source;
    std::string path;
  };
  std::vector<Match> matches;
  for (const CopySource& source : sources) {
    if (source.file) {
      matches.push_back({&source, {}});
      continue;
    }
    for (std::string& path : copier.matches_of(source.path)) {
      matches.push_back({&source, std::move(path)});
    }
  }
  if ((matches.size() > 1 || sources.size() > 1) && !into_directory &&
      !copier.is_directory(destination)) {
    fail(ErrorKind::InvalidArgument,
         "the destination of several sources must be a directory: write '{}/'", destination);
  }
  for (const Match& match : matches) {
    if (match.source->file) {
      copier.copy_file(*match.source->file, match.source->path, "", destination, into_directory);
    } else {
      copier.copy_path(match.source->path, match.path, std::string(destination), into_directory);
    }
  }
}

}  // namespace wherry::build
