#include "cli/commands/module_operand.h"

#include <sys/stat.h>

#include <cerrno>

#include "base/error.h"

namespace wherry::cli {

bool is_bare_module(const std::string& operand) {
  const bool is_path = operand.starts_with('.') || operand.starts_with('/');
  struct stat status{};
  if (::stat(operand.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
    return is_path || operand.ends_with(".wasm") || operand.find('/') != std::string::npos;
  }
  const int error = errno;
  if (!is_path) return false;
  if (S_ISDIR(status.st_mode)) {
    fail(ErrorKind::InvalidArgument, "'{}' is a folder: name the module in it, or an image",
         operand);
  }
  if (status.st_mode != 0) fail(ErrorKind::InvalidArgument, "'{}' is not a regular file", operand);
  fail_errno(error, "open module '{}'", operand);
}

}  // namespace wherry::cli
