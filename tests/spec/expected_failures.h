// The list of what may fail, and must: data beside the runner, a line each
//   3.0/memory64.bin.wast:* 64-bit memories
//   3.0/binary.bin.wast:1017 a type of WebAssembly 3.0
// sorted, "file:line reason" or "file:* reason". The whole-file form says that something in the
// file fails, the other that the command on that line does; where it passes, that is a failure too.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::spec {

class ExpectedFailures {
 public:
  ExpectedFailures() = default;
  // Throws Error(InvalidArgument) "line 3: ..." for a list that breaks the rules above.
  explicit ExpectedFailures(std::string_view text);

  // Notes a failure. The reason where it is expected.
  std::optional<std::string> find(const std::string& file, std::uint32_t line);

  // Entries of the files that have been run for which nothing failed: "3.0/memory64.bin.wast:*".
  std::vector<std::string> unused(const std::vector<std::string>& files_run) const;

 private:
  struct Entry {
    std::string reason;
    bool used = false;
  };
  std::map<std::string, std::map<std::string, Entry>> files_;  // by file, then "*" or the line
};

}  // namespace wherry::spec
