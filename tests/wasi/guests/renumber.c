// Descriptors change numbers; the numbers a guest makes up are refused.
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  int a = open("a", O_RDWR | O_CREAT, 0666);
  int b = open("b", O_RDWR | O_CREAT, 0666);
  CHECK(a > 2 && b == a + 1);
  CHECK_ERRNO(__wasi_fd_renumber(a, a), 0);
  CHECK_ERRNO(__wasi_fd_renumber(a, 0x7fffffff), __WASI_ERRNO_BADF);
  CHECK_ERRNO(__wasi_fd_renumber(0xffffffff, a), __WASI_ERRNO_BADF);
  CHECK_ERRNO(__wasi_fd_renumber(a, b), 0);
  CHECK(write(b, "into a", 6) == 6);
  CHECK(write(a, "x", 1) == -1 && errno == EBADF);
  CHECK_ERRNO(__wasi_fd_close(a), __WASI_ERRNO_BADF);
  // The preopen moves away; its new number is as good as the old.
  int directory = open(".", O_RDONLY | O_DIRECTORY);
  CHECK(directory >= 0);
  CHECK_ERRNO(__wasi_fd_renumber(3, directory), 0);
  CHECK(openat(directory, "a", O_RDONLY) >= 0);
  CHECK(open("a", O_RDONLY) >= 0 || errno == EBADF || errno == ENOTDIR);
  // Standard output becomes a file.
  int out = openat(directory, "out", O_WRONLY | O_CREAT, 0666);
  CHECK(out >= 0);
  CHECK_ERRNO(__wasi_fd_renumber(out, 1), 0);
  puts("renumbered");
  return 0;
}
