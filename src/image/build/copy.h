// COPY and ADD: which files of a tree go where in another.
//
// As BuildKit has it: a directory gives its contents, a file goes into a destination that is a
// directory or ends in '/', and otherwise takes the destination's name; links that are named
// are followed, links found inside a directory are kept.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "image/build/ignore.h"
#include "image/build/layer_plan.h"
#include "image/build/owner.h"
#include "image/build/tree.h"

namespace wherry::build {

struct CopyOptions {
  std::optional<Owner> owner;
  std::optional<ModeChange> mode;
  Ignore exclude;
  bool keep_parents = false;  // --parents
  // Tells whether a file is an archive that is to be unpacked, and unpacks it into the directory.
  std::function<bool(const Metadata& file, FileTree& target, LayerPlan& plan,
                     const std::string& directory)>
      unpack;
};

struct CopySource {
  std::string path;              // of `from`, or
  std::optional<Metadata> file;  // a file that the Dockerfile itself holds; path is its name
};

// Copies the sources to `destination` of target. Throws Error "'x' not found in WHERE" and the
// like; `where` is "the build context", "stage 'build'". Notices what deserves it.
void copy_files(FileTree& from, std::string_view where, const std::vector<CopySource>& sources,
                FileTree& target, std::string_view destination, const CopyOptions& options,
                LayerPlan& plan, std::vector<std::string>& notices);

}  // namespace wherry::build
