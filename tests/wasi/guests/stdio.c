// What the standard streams are: argument 1 is "pipe", "null" or "closed", and says so of standard output.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

int main(int argc, char** argv) {
  CHECK(argc == 2);
  if (strcmp(argv[1], "pipe") == 0) {
    CHECK(!isatty(1));
    CHECK(lseek(1, 0, SEEK_CUR) == -1 && errno == ESPIPE);
    char megabyte[1 << 16];
    memset(megabyte, 'x', sizeof megabyte);
    for (int i = 0; i < 16; ++i) CHECK(fwrite(megabyte, sizeof megabyte, 1, stdout) == 1);
  } else if (strcmp(argv[1], "null") == 0) {
    CHECK(!isatty(1));
    CHECK(write(1, "x", 1) == 1);
  } else {
    // Nobody reads any more: an error, not the end.
    while (write(1, "x", 1) == 1) {
    }
    CHECK(errno == EPIPE);
    fputs("nobody reads\n", stderr);
  }
  return 0;
}
