// What a command is given of the world it runs in. Built once, in main, and passed down.
#pragma once

#include <cstdio>
#include <functional>
#include <optional>
#include <string>

namespace wherry::cli {

struct Context {
  std::FILE* out;  // results
  std::FILE* err;  // progress and warnings; errors are printed by main alone
  bool is_root;    // the effective user is root
  // Set before a verb runs:
  std::string root;      // the store's folder: images, snapshots, containers that stay
  std::string run_root;  // the folder of containers that go with their end; better a tmpfs
  std::function<std::optional<std::string>(const char*)> environment;
};

}  // namespace wherry::cli
