// Files as a C program uses them: modes, append, truncate, seek, rename, links, times.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static long size_of(const char* path) {
  struct stat status;
  CHECK(stat(path, &status) == 0);
  return (long)status.st_size;
}

int main(void) {
  FILE* file = fopen("text", "w+");
  CHECK(file);
  for (int i = 0; i < 10000; ++i) CHECK(fprintf(file, "line %d\n", i) > 0);
  CHECK(fseek(file, 0, SEEK_SET) == 0);
  char line[64];
  for (int i = 0; i < 10000; ++i) {
    char expected[64];
    snprintf(expected, sizeof expected, "line %d\n", i);
    CHECK(fgets(line, sizeof line, file) && strcmp(line, expected) == 0);
  }
  CHECK(!fgets(line, sizeof line, file) && feof(file));
  CHECK(fclose(file) == 0);

  int fd = open("text", O_WRONLY | O_APPEND);
  long before = size_of("text");
  CHECK(write(fd, "end", 3) == 3);
  CHECK(size_of("text") == before + 3);
  CHECK(ftruncate(fd, 5) == 0);
  CHECK(size_of("text") == 5);
  CHECK(read(fd, line, 1) == -1 && errno == EBADF);
  CHECK(close(fd) == 0);

  CHECK(open("text", O_WRONLY | O_CREAT | O_EXCL, 0666) == -1 && errno == EEXIST);
  CHECK(mkdir("d", 0777) == 0 && mkdir("d", 0777) == -1 && errno == EEXIST);
  CHECK(open("d", O_WRONLY) == -1 && errno == EISDIR);
  CHECK(open("text/x", O_RDONLY) == -1 && errno == ENOTDIR);
  CHECK(open("none/x", O_RDONLY) == -1 && errno == ENOENT);
  CHECK(rename("text", "d/text") == 0);
  CHECK(symlink("d/text", "link") == 0);
  CHECK(size_of("link") == 5);
  CHECK(readlink("link", line, sizeof line) == 6);
  CHECK(link("d/text", "hard") == 0);
  struct stat status;
  CHECK(stat("hard", &status) == 0 && status.st_nlink == 2);
  CHECK(rmdir("d") == -1 && errno == ENOTEMPTY);
  struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000}};
  CHECK(utimensat(AT_FDCWD, "hard", times, 0) == 0);
  CHECK(stat("d/text", &status) == 0 && status.st_mtim.tv_sec == 2000);
  CHECK(unlink("hard") == 0 && unlink("link") == 0 && unlink("d/text") == 0 && rmdir("d") == 0);
  puts("done");
  return 0;
}
