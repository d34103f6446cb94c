// Guests that mean no good, and some that do: the first argument says which.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void say(const char* text) {
  puts(text);
  fflush(stdout);
}

static int fill_memory(void) {
  for (long blocks = 0;; ++blocks) {
    char* block = malloc(1 << 20);
    if (!block) return printf("no memory after %ld MiB\n", blocks), 3;
    memset(block, 0x55, 1 << 20);
    __asm__ volatile("" : : "r"(block) : "memory");  // or the compiler takes no memory at all
  }
}

__attribute__((noinline)) static int recurse(volatile int depth) {
  volatile char frame[64];
  frame[0] = (char)depth;
  return recurse(depth + 1) + frame[0];
}

static int open_descriptors(void) {
  for (long count = 0;; ++count) {
    if (open("/guest.wasm", O_RDONLY) < 0) {
      return printf("%s after %ld\n", strerror(errno), count), 3;
    }
  }
}

static int fill_disk(const char* path) {
  static const char block[4096];
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0) return perror(path), 1;
  for (long blocks = 0;; ++blocks) {
    if (write(file, block, sizeof block) != (ssize_t)sizeof block) {
      return printf("%s after %ld KiB\n", strerror(errno), blocks * 4), 3;
    }
  }
}

static int make_files(const char* folder) {
  char path[256];
  for (long count = 0;; ++count) {
    snprintf(path, sizeof path, "%s/%ld", folder, count);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (file < 0) return printf("%s after %ld files\n", strerror(errno), count), 3;
    close(file);
  }
}

// What a good neighbour does all the while: sums, files, sleeps.
static int work(int rounds) {
  unsigned sum = 0;
  for (int round = 0; round < rounds; ++round) {
    for (unsigned i = 0; i < 100000; ++i) sum = sum * 31 + i;
    FILE* file = fopen("/tmp/note", "w");
    if (!file || fprintf(file, "%u", sum) < 0 || fclose(file) != 0) return perror("/tmp/note"), 1;
    usleep(10000);
  }
  return printf("sum %u\n", sum), 0;
}

int main(int argc, char** argv) {
  const char* verb = argc > 1 ? argv[1] : "hello";
  const char* value = argc > 2 ? argv[2] : "";
  if (!strcmp(verb, "hello")) return puts("hello"), 0;
  if (!strcmp(verb, "exit")) return atoi(value);
  if (!strcmp(verb, "sleep")) return say("sleeping"), sleep(600), 0;
  if (!strcmp(verb, "read")) return say("reading"), getchar(), 0;
  if (!strcmp(verb, "spin")) {
    say("spinning");
    for (volatile unsigned i = 0;; ++i) {
    }
  }
  if (!strcmp(verb, "memory")) return fill_memory();
  if (!strcmp(verb, "recurse")) return recurse(0);
  if (!strcmp(verb, "descriptors")) return open_descriptors();
  if (!strcmp(verb, "disk")) return fill_disk(value);
  if (!strcmp(verb, "files")) return make_files(value);
  if (!strcmp(verb, "work")) return work(atoi(value));
  return 99;
}
