// Copies a file into a new directory through a temporary name, keeps its times, checks the copy, then
// exercises what surrounds a copy: append, seek, truncate, link, rename, remove.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(call)                                                              \
  do {                                                                           \
    if (!(call)) {                                                               \
      fprintf(stderr, "copy: %d: %s: %s\n", __LINE__, #call, strerror(errno));   \
      exit(1);                                                                   \
    }                                                                            \
  } while (0)

static void copy(const char *from, const char *to) {
  static char buffer[65536];  // as large as the whole stack of such a program
  int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0644);
  CHECK(in >= 0);
  CHECK(out >= 0);
  for (ssize_t got; (got = read(in, buffer, sizeof buffer)) != 0;) {
    CHECK(got > 0);
    for (ssize_t done = 0; done < got;) {
      ssize_t wrote = write(out, buffer + done, got - done);
      CHECK(wrote > 0);
      done += wrote;
    }
  }
  struct stat status;
  CHECK(fstat(in, &status) == 0);
  struct timespec times[2] = {status.st_atim, status.st_mtim};
  CHECK(futimens(out, times) == 0);
  CHECK(fsync(out) == 0);
  CHECK(close(in) == 0 && close(out) == 0);
}

static unsigned long checksum(const char *path, long *size) {
  FILE *file = fopen(path, "rb");
  CHECK(file);
  unsigned long sum = 5381;
  *size = 0;
  for (int byte; (byte = fgetc(file)) != EOF; ++*size) sum = (sum * 33 + byte) & 0xffffffff;
  fclose(file);
  return sum;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: copy FILE NEW-DIRECTORY\n");
    return 2;
  }
  char temporary[512], final[512], twin[512];
  snprintf(temporary, sizeof temporary, "%s/.copy.tmp", argv[2]);
  snprintf(final, sizeof final, "%s/copy", argv[2]);
  snprintf(twin, sizeof twin, "%s/twin", argv[2]);

  CHECK(mkdir(argv[2], 0755) == 0);
  CHECK(mkdir(argv[2], 0755) == -1 && errno == EEXIST);
  copy(argv[1], temporary);
  CHECK(rename(temporary, final) == 0);
  CHECK(access(temporary, F_OK) == -1 && errno == ENOENT);

  long size, copied;
  unsigned long sum = checksum(argv[1], &size);
  CHECK(checksum(final, &copied) == sum && copied == size);
  struct stat from, to;
  CHECK(stat(argv[1], &from) == 0 && stat(final, &to) == 0);
  CHECK(from.st_mtime == to.st_mtime);

  CHECK(link(final, twin) == 0);
  int file = open(twin, O_RDWR | O_APPEND);
  CHECK(file >= 0 && write(file, "tail", 4) == 4);
  CHECK(lseek(file, 0, SEEK_END) == size + 4);
  char tail[4];
  CHECK(pread(file, tail, 4, size) == 4 && memcmp(tail, "tail", 4) == 0);
  CHECK(ftruncate(file, size) == 0 && close(file) == 0);
  CHECK(checksum(final, &copied) == sum && copied == size);
  CHECK(rmdir(argv[2]) == -1 && errno == ENOTEMPTY);
  CHECK(unlink(twin) == 0);

  printf("%ld bytes, checksum %08lx\n", size, sum);
  return 0;
}
