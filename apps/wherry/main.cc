// The `wherry` command: the world it runs in, then cli/commands.
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "cli/commands/command.h"

int main(int argc, char** argv) {
  wherry::cli::Context context{.out = stdout,
                               .err = stderr,
                               .is_root = ::geteuid() == 0,
                               .root = {},
                               .run_root = {},
                               .environment = [](const char* name) -> std::optional<std::string> {
                                 const char* value = std::getenv(name);
                                 if (!value) return std::nullopt;
                                 return value;
                               }};
  return wherry::cli::run_wherry(std::move(context),
                                 std::vector<std::string>(argv + 1, argv + argc));
}
