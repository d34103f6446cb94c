// A program that does what its first argument says and shows what it sees. The same source is compiled natively
// and to WebAssembly: nobody who calls it through Podman may tell which of them it is.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef __wasi__
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

static void end(int number) { _exit(128 + number); }

// As the first process of its namespace it would not hear of signals that it does not handle.
static void end_on_signals(void) {
  for (int number = 1; number < 32; ++number) {
    if (number != SIGKILL && number != SIGSTOP && number != SIGCHLD && number != SIGCONT &&
        number != SIGWINCH && number != SIGURG) {
      signal(number, end);
    }
  }
}
#else
static void end_on_signals(void) {}
#endif

// Tells the service manager: a guest opens its socket as a file.
static int tell(const char* text) {
  const char* path = getenv("NOTIFY_SOCKET");
  if (!path) return puts("no service manager"), 1;
#ifdef __wasi__
  int manager = open(path, O_WRONLY);
#else
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int manager = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (connect(manager, (struct sockaddr*)&address, sizeof address) != 0) manager = -1;
#endif
  if (manager < 0 || write(manager, text, strlen(text)) < 0) return perror(path), 1;
  return close(manager);
}

static int failed(const char* what) {
  printf("%s: %s\n", what, strerror(errno));
  return 1;
}

static int copy(FILE* from) {
  static char buffer[4096];
  size_t got;
  while ((got = fread(buffer, 1, sizeof buffer, from)) > 0) fwrite(buffer, 1, got, stdout);
  return 0;
}

static int cat(const char* path) {
  FILE* file = fopen(path, "r");
  if (!file) return failed(path);
  copy(file);
  return fclose(file) == 0 ? 0 : failed(path);
}

// The lines of a file that contain a word.
static int find(const char* path, const char* word) {
  char line[4096];
  FILE* file = fopen(path, "r");
  if (!file) return failed(path);
  while (fgets(line, sizeof line, file)) {
    if (strstr(line, word)) fputs(line, stdout);
  }
  fclose(file);
  return 0;
}

static int write_text(const char* path, const char* text) {
  FILE* file = fopen(path, "w");
  if (!file) return failed(path);
  fputs(text, file);
  return fclose(file) == 0 ? 0 : failed(path);
}

// Writes zeros until the file system is full or so many KiB are there.
static int fill(const char* path, long kilobytes) {
  static const char zeros[1024];
  long written = 0;
  FILE* file = fopen(path, "w");
  if (!file) return failed(path);
  setvbuf(file, NULL, _IONBF, 0);
  while (written < kilobytes && fwrite(zeros, 1, sizeof zeros, file) == sizeof zeros) ++written;
  if (written < kilobytes) return failed(path);
  return fclose(file) == 0 ? 0 : failed(path);
}

static int compare(const void* a, const void* b) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

static int list(const char* path) {
  char* names[1024];
  size_t count = 0;
  DIR* directory = opendir(path);
  if (!directory) return failed(path);
  for (struct dirent* entry; count < 1024 && (entry = readdir(directory));) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
      names[count++] = strdup(entry->d_name);
    }
  }
  closedir(directory);
  qsort(names, count, sizeof names[0], compare);
  for (size_t i = 0; i < count; ++i) puts(names[i]);
  return 0;
}

static int status(const char* path) {
  struct stat found;
  if (lstat(path, &found) != 0) return failed(path);
  const char* type = S_ISREG(found.st_mode)   ? "file"
                     : S_ISDIR(found.st_mode) ? "directory"
                     : S_ISLNK(found.st_mode) ? "link"
                     : S_ISCHR(found.st_mode) ? "character device"
                                              : "other";
  if (S_ISREG(found.st_mode)) {
    printf("%s: %s of %lld bytes\n", path, type, (long long)found.st_size);
  } else {
    printf("%s: %s\n", path, type);
  }
  return 0;
}

static int count_slowly(int to) {
  for (int i = 1; i <= to; ++i) {
    printf("%d\n", i);
    fflush(stdout);
    usleep(20000);
  }
  return 0;
}

// Takes and touches so many MiB, one by one.
static int allocate(int megabytes) {
  for (int i = 0; i < megabytes; ++i) {
    char* block = malloc(1 << 20);
    if (!block) return printf("out of memory\n"), 1;
    memset(block, i | 1, 1 << 20);
    __asm__ volatile("" : : "r"(block) : "memory");  // or the compiler takes no memory at all
  }
  printf("allocated %d MiB\n", megabytes);
  return 0;
}

static int arguments(int count, char** values) {
  for (int i = 0; i < count; ++i) printf("[%s]\n", values[i]);
  return 0;
}

static int environment(int count, char** names) {
  for (int i = 0; i < count; ++i) {
    const char* value = getenv(names[i]);
    printf("%s=%s\n", names[i], value ? value : "(unset)");
  }
  return 0;
}

static int terminals(void) {
  for (int fd = 0; fd <= 2; ++fd) printf("%d: %s\n", fd, isatty(fd) ? "terminal" : "no terminal");
  return 0;
}

static int say(const char* out, const char* error) {
  puts(out);
  fflush(stdout);
  fprintf(stderr, "%s\n", error);
  return 0;
}

static int wait_for(const char* seconds) {
  puts("sleeping");
  fflush(stdout);
  sleep((unsigned)atoi(seconds));
  return 0;
}

// Says when it begins and when it is over.
static int end_later(const char* seconds, const char* code) {
  puts("waiting");
  fflush(stdout);
  sleep((unsigned)atoi(seconds));
  puts("over");
  return atoi(code);
}

static int spin(void) {
  puts("spinning");
  fflush(stdout);
  for (volatile unsigned i = 0;; ++i) {
  }
}

int main(int argc, char** argv) {
  const char* verb = argc > 1 ? argv[1] : "hello";
  const char* first = argc > 2 ? argv[2] : "";
  const char* second = argc > 3 ? argv[3] : "";
  end_on_signals();
  if (!strcmp(verb, "hello")) return puts("hello"), 0;
  if (!strcmp(verb, "args")) return arguments(argc, argv);
  if (!strcmp(verb, "env")) return environment(argc - 2, argv + 2);
  if (!strcmp(verb, "exit")) return atoi(first);
  if (!strcmp(verb, "cat")) return *first ? cat(first) : copy(stdin);
  if (!strcmp(verb, "find")) return find(first, second);
  if (!strcmp(verb, "write")) return write_text(first, second);
  if (!strcmp(verb, "fill")) return fill(first, atol(second));
  if (!strcmp(verb, "ls")) return list(first);
  if (!strcmp(verb, "stat")) return status(first);
  if (!strcmp(verb, "mkdir")) return mkdir(first, 0777) == 0 ? 0 : failed(first);
  if (!strcmp(verb, "rename")) return rename(first, second) == 0 ? 0 : failed(first);
  if (!strcmp(verb, "unlink")) return unlink(first) == 0 ? 0 : failed(first);
  if (!strcmp(verb, "link")) return symlink(first, second) == 0 ? 0 : failed(second);
  if (!strcmp(verb, "count")) return count_slowly(atoi(first));
  if (!strcmp(verb, "allocate")) return allocate(atoi(first));
  if (!strcmp(verb, "terminals")) return terminals();
  if (!strcmp(verb, "say")) return say(first, second);
  if (!strcmp(verb, "sleep")) return wait_for(first);
  if (!strcmp(verb, "later")) return end_later(first, second);
  if (!strcmp(verb, "spin")) return spin();
  if (!strcmp(verb, "tell")) return tell(first) == 0 && *second ? wait_for(second) : 0;
  if (!strcmp(verb, "trap")) __builtin_trap();
  printf("no verb '%s'\n", verb);
  return 99;
}
