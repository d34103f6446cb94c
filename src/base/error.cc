#include "base/error.h"

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace wherry {

ErrorKind kind_of_errno(int number) noexcept {
  switch (number) {
    case ENOENT:
    case ESRCH:
    case ENXIO:
    case ENODEV:
      return ErrorKind::NotFound;
    case EEXIST:
      return ErrorKind::AlreadyExists;
    case EPERM:
    case EACCES:
    case EROFS:
      return ErrorKind::PermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EFBIG:
      return ErrorKind::ResourceExhausted;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
    case ENOTDIR:
    case EISDIR:
    case EXDEV:
      return ErrorKind::InvalidArgument;
    case EBUSY:
    case ENOTEMPTY:
      return ErrorKind::FailedPrecondition;
    case EAGAIN:
    case ECONNREFUSED:
    case ETIMEDOUT:
      return ErrorKind::Unavailable;
    case ENOSYS:
    case EOPNOTSUPP:
      return ErrorKind::Unimplemented;
    default:
      return ErrorKind::Internal;
  }
}

std::string errno_text(int number) { return std::generic_category().message(number); }

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "wherry: internal error: %s:%d: %s does not hold\n", file, line, condition);
  std::abort();
}

}  // namespace wherry
