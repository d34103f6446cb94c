// A guest that writes down, as JSON, everything it can find out about where it runs. Its arguments are
// paths to look at.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void text(const char* bytes, size_t length) {
  putchar('"');
  for (size_t i = 0; i < length; ++i) {
    unsigned char c = (unsigned char)bytes[i];
    if (c == '"' || c == '\\') printf("\\%c", c);
    else if (c < 0x20 || c > 0x7e) printf("\\u%04x", c);
    else putchar(c);
  }
  putchar('"');
}

static void string(const char* s) { text(s, strlen(s)); }

static void list(const char* name, char** strings) {
  string(name);
  printf(":[");
  for (char** each = strings; *each; ++each) {
    if (each != strings) putchar(',');
    string(*each);
  }
  puts("],");
}

static void file(const char* name, const char* path) {
  static char buffer[65536];
  size_t length = 0;
  FILE* from = fopen(path, "r");
  if (from) {
    length = fread(buffer, 1, sizeof buffer, from);
    fclose(from);
  }
  string(name);
  putchar(':');
  if (from) text(buffer, length);
  else printf("null");
  puts(",");
}

// "read": bytes or entries seen, at most 64, or less than 0 for an error.
static int count_read(const char* path, int directory) {
  int seen = 0;
  if (directory) {
    DIR* open_directory = opendir(path);
    if (!open_directory) return -errno;
    for (struct dirent* entry; seen < 64 && (entry = readdir(open_directory));) {
      seen += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    }
    closedir(open_directory);
    return seen;
  }
  char buffer[64];
  int fd = open(path, O_RDONLY | O_NONBLOCK);
  if (fd < 0) return -errno;
  ssize_t got = read(fd, buffer, sizeof buffer);
  seen = got < 0 ? -errno : (int)got;
  close(fd);
  return seen;
}

static int try_write(const char* path, int directory) {
  char name[512];
  if (!directory) {
    int fd = open(path, O_WRONLY | O_NONBLOCK);
    if (fd < 0) return errno;
    close(fd);
    return 0;
  }
  snprintf(name, sizeof name, "%s/written-by-the-guest", strcmp(path, "/") ? path : "");
  int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd < 0) return errno;
  close(fd);
  return unlink(name) ? errno : 0;
}

static void look_at(const char* path, int last) {
  struct stat status;
  string(path);
  if (stat(path, &status) != 0) {
    printf(":{\"error\":%d}", errno);
  } else {
    int directory = S_ISDIR(status.st_mode);
    const char* type = directory ? "directory" : S_ISREG(status.st_mode) ? "file" : S_ISCHR(status.st_mode) ? "character" : "other";
    printf(":{\"id\":\"%llu:%llu\",\"type\":\"%s\",", (unsigned long long)status.st_dev,
           (unsigned long long)status.st_ino, type);
    printf("\"read\":%d,\"write\":%s}", count_read(path, directory),
           try_write(path, directory) ? "false" : "true");
  }
  puts(last ? "" : ",");
}

extern char** environ;

int main(int argc, char** argv) {
  struct stat here;
  puts("{");
  list("args", argv);
  list("env", environ);
  file("status", "/proc/self/status");
  file("limits", "/proc/self/limits");
  file("mounts", "/proc/self/mountinfo");
  file("oom_score_adj", "/proc/self/oom_score_adj");
  file("hostname", "/proc/sys/kernel/hostname");
  file("domainname", "/proc/sys/kernel/domainname");
  file("ip_forward", "/proc/sys/net/ipv4/ip_forward");
  file("shmmni", "/proc/sys/kernel/shmmni");
  file("devices", "/proc/net/dev");
  printf("\"namespaces\":{");
  const char* kinds[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
  for (int i = 0; i < 8; ++i) {
    char path[64], link[64] = "";
    snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
    ssize_t length = readlink(path, link, sizeof link - 1);
    printf("%s\"%s\":", i ? "," : "", kinds[i]);
    text(link, length < 0 ? 0 : (size_t)length);
  }
  puts("},");
  printf("\"descriptors\":[");
  for (int fd = 0; fd < 64; ++fd) {
    struct stat status;
    if (fstat(fd, &status) == 0) printf("%s%d", fd ? "," : "", fd);
  }
  puts("],");
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  printf("\"monotonic\":%lld,\n", (long long)now.tv_sec);
  stat(".", &here);
  printf("\"here\":\"%llu:%llu\",\n\"paths\":{\n", (unsigned long long)here.st_dev,
         (unsigned long long)here.st_ino);
  for (int i = 1; i < argc; ++i) look_at(argv[i], i + 1 == argc);
  puts("}}");
  return 0;
}
