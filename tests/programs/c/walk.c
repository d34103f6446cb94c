// Walks a directory tree: one line per entry, sorted, with its kind and its size, then the totals.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long files, directories, links, bytes;

static int by_name(const void *left, const void *right) {
  return strcmp(*(char *const *)left, *(char *const *)right);
}

static void walk(const char *path) {
  DIR *directory = opendir(path);
  if (!directory) {
    fprintf(stderr, "walk: %s: %s\n", path, strerror(errno));
    exit(1);
  }
  char **names = NULL;
  size_t count = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    names = realloc(names, (count + 1) * sizeof *names);
    names[count++] = strdup(entry->d_name);
  }
  closedir(directory);
  qsort(names, count, sizeof *names, by_name);
  for (size_t i = 0; i < count; i++) {
    char full[1024], target[1024];
    struct stat status;
    snprintf(full, sizeof full, "%s/%s", path, names[i]);
    if (lstat(full, &status) != 0) {
      fprintf(stderr, "walk: %s: %s\n", full, strerror(errno));
      exit(1);
    }
    if (S_ISDIR(status.st_mode)) {
      printf("d %s\n", full);
      directories++;
      walk(full);
    } else if (S_ISLNK(status.st_mode)) {
      ssize_t length = readlink(full, target, sizeof target);
      printf("l %s -> %.*s\n", full, (int)length, target);
      links++;
    } else {
      printf("f %s %lld\n", full, (long long)status.st_size);
      files++;
      bytes += status.st_size;
    }
    free(names[i]);
  }
  free(names);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) walk(argv[i]);
  printf("%ld files, %ld directories, %ld links, %ld bytes\n", files, directories, links, bytes);
  return 0;
}
