// A guest that does what its first argument says, and shows what it sees.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int copy(FILE* from) {
  static char buffer[65536];  // a guest has 64 KB of stack
  size_t got;
  while ((got = fread(buffer, 1, sizeof buffer, from)) > 0) fwrite(buffer, 1, got, stdout);
  return 0;
}

static int list(const char* path) {
  DIR* directory = opendir(path);
  if (!directory) return perror(path), 1;
  for (struct dirent* entry; (entry = readdir(directory));) puts(entry->d_name);
  return 0;
}

__attribute__((noinline)) int divide(int a, volatile int b) { return a / b; }

int main(int argc, char** argv) {
  const char* verb = argc > 1 ? argv[1] : "args";
  const char* value = argc > 2 ? argv[2] : "";
  if (!strcmp(verb, "exit")) return atoi(value);
  if (!strcmp(verb, "args")) {
    for (int i = 0; i < argc; ++i) printf("[%s]\n", argv[i]);
    return 0;
  }
  if (!strcmp(verb, "env")) {
    if (argc < 3) {
      extern char** environ;
      for (char** variable = environ; *variable; ++variable) puts(*variable);
      return 0;
    }
    const char* found = getenv(value);
    return found ? puts(found), 0 : 1;
  }
  if (!strcmp(verb, "cat")) {
    FILE* file = *value ? fopen(value, "r") : stdin;
    if (!file) return perror(value), 1;
    return copy(file);
  }
  if (!strcmp(verb, "write")) {
    FILE* file = fopen(value, "w");
    if (!file) return perror(value), 1;
    fputs(argc > 3 ? argv[3] : "", file);
    return fclose(file) ? perror(value), 1 : 0;
  }
  if (!strcmp(verb, "ls")) return list(value);
  if (!strcmp(verb, "spin")) {
    puts("spinning");
    fflush(stdout);
    for (volatile unsigned i = 0;; ++i) {
    }
  }
  if (!strcmp(verb, "sleep")) {
    puts("sleeping");
    fflush(stdout);
    sleep((unsigned)atoi(value));
    return 0;
  }
  if (!strcmp(verb, "numbers")) {
    for (int i = 0; i < 150000; ++i) printf("%d\n", i);
    return 0;
  }
  if (!strcmp(verb, "trap")) return divide(argc, atoi(value));
  fprintf(stderr, "probe: unknown verb '%s'\n", verb);
  return 99;
}
