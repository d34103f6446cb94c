// The build context: the directory whose files COPY and ADD may read, and no others.
//
// It is opened once; every path is resolved beneath that descriptor by the kernel, so that neither
// ".." nor a link, changed under our hands or not, leads out of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "image/build/ignore.h"
#include "image/build/tree.h"
#include "os/fd.h"

namespace wherry::build {

// All of an open file, which may be a pipe. Throws Error "read 'name': …", also where it is larger
// than limit.
std::string read_text(int fd, std::string_view name, std::size_t limit);

class Context {
 public:
  // Throws Error "build context 'path': …".
  explicit Context(const std::string& path);

  // A small file of the context, without regard to .dockerignore; nothing where there is none.
  std::optional<std::string> read_file(const std::string& path, std::size_t limit) const;

  // The files as the build sees them: owned by root, the ignored ones absent. Directories are read
  // when something first looks into them. The tree must not outlive the context.
  FileTree tree(Ignore ignore) const;

 private:
  os::Fd directory_;
};

}  // namespace wherry::build
