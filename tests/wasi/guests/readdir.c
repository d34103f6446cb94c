// Reads a directory of 300 files with buffers of every size, stops and goes on anywhere, rewinds.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

enum { kFiles = 300 };

// Counts by asking with a buffer of `size`, as a C library does: on from the last whole entry.
static int count(int fd, uint32_t size) {
  static uint8_t buffer[8192];
  __wasi_dircookie_t cookie = 0;
  int entries = 0;
  for (;;) {
    __wasi_size_t used;
    CHECK_ERRNO(__wasi_fd_readdir(fd, buffer, size, cookie, &used), 0);
    CHECK(used <= size);
    __wasi_size_t at = 0;
    while (at + sizeof(__wasi_dirent_t) <= used) {
      __wasi_dirent_t entry;
      memcpy(&entry, buffer + at, sizeof entry);
      if (at + sizeof entry + entry.d_namlen > used) break;
      cookie = entry.d_next;
      at += sizeof entry + entry.d_namlen;
      ++entries;
    }
    if (used < size) return entries;
    CHECK(at > 0);
  }
}

int main(void) {
  CHECK(mkdir("many", 0777) == 0);
  for (int i = 0; i < kFiles; ++i) {
    char name[64];
    snprintf(name, sizeof name, "many/a-file-%d", i);
    int fd = open(name, O_WRONLY | O_CREAT, 0666);
    CHECK(fd >= 0);
    close(fd);
  }
  int fd = open("many", O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  for (uint32_t size = 40; size < 8192; size = size * 3 / 2 + 1) {
    CHECK_ERRNO(count(fd, size), kFiles + 2);
  }

  DIR* directory = opendir("many");
  CHECK(directory);
  for (int i = 0; i < 100; ++i) CHECK(readdir(directory));
  long here = telldir(directory);
  struct dirent* entry = readdir(directory);
  CHECK(entry);
  char name[256];
  strcpy(name, entry->d_name);
  struct stat status;
  CHECK(fstatat(dirfd(directory), name, &status, 0) == 0);
  CHECK(entry->d_ino == status.st_ino);
  while (readdir(directory)) {
  }
  seekdir(directory, here);
  entry = readdir(directory);
  CHECK(entry && strcmp(entry->d_name, name) == 0);

  rewinddir(directory);
  int removed = 0;
  while ((entry = readdir(directory))) {
    if (entry->d_name[0] == '.') continue;
    CHECK(unlinkat(dirfd(directory), entry->d_name, 0) == 0);
    ++removed;
  }
  CHECK(removed == kFiles);
  closedir(directory);
  CHECK(rmdir("many") == 0);
  puts("read");
  return 0;
}
