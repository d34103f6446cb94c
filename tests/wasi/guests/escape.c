// Tries every way out of the directory preopened as "."; beside it lie `secret` and `secrets/file`, in it
// links of every kind that lead there. Whatever it calls, nothing may be read, made or changed outside.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static const char* const ways[] = {
    "../secret",
    "../secrets",
    "../secrets/",
    "../secrets/file",
    "../new",
    "dir/../../secret",
    "dir/../../new",
    "absolute",
    "absolute_dir/",
    "absolute_dir/file",
    "absolute_dir/new",
    "relative",
    "relative_dir/",
    "relative_dir/file",
    "relative_dir/new",
    "relative_dir/.",
    "relative_dir/..",
    "winding_dir/file",
    "chain_dir/file",
    "chain_dir/",
    "dangling",
    "magic_dir/file",
    "../../../../../../etc/passwd",
};

static void must_fail(int result, const char* what, const char* path) {
  if (result >= 0) {
    fprintf(stderr, "%s '%s' succeeded\n", what, path);
    exit(1);
  }
}

int main(void) {
  for (size_t i = 0; i < sizeof ways / sizeof *ways; ++i) {
    const char* path = ways[i];
    struct stat status;
    must_fail(open(path, O_RDONLY), "open", path);
    must_fail(open(path, O_RDONLY | O_DIRECTORY), "open directory", path);
    must_fail(open(path, O_WRONLY | O_TRUNC), "truncate", path);
    must_fail(open(path, O_RDONLY | O_TRUNC), "truncate for reading", path);
    must_fail(open(path, O_WRONLY | O_CREAT, 0666), "create", path);
    must_fail(stat(path, &status), "stat", path);
    must_fail(mkdir(path, 0777), "mkdir", path);
    must_fail(rmdir(path), "rmdir", path);
    must_fail(symlink("x", path), "symlink", path);
    must_fail(link("mine", path), "link to", path);
    must_fail(utimensat(AT_FDCWD, path, NULL, 0), "set times", path);
    must_fail(opendir(path) ? 0 : -1, "opendir", path);
  }
  // A name that is a link may be removed or renamed, as itself; these end behind one.
  static const char* const behind[] = {"../secret",        "absolute_dir/file", "relative_dir/file",
                                       "winding_dir/file", "chain_dir/file",    "relative_dir/.."};
  for (size_t i = 0; i < sizeof behind / sizeof *behind; ++i) {
    char text[64];
    must_fail(unlink(behind[i]), "unlink", behind[i]);
    must_fail(rename(behind[i], "stolen"), "rename from", behind[i]);
    must_fail(rename("mine", behind[i]), "rename to", behind[i]);
    must_fail(link(behind[i], "stolen"), "link from", behind[i]);
    must_fail((int)readlink(behind[i], text, sizeof text), "readlink", behind[i]);
  }
  must_fail(symlink("/etc", "made"), "symlink to an absolute path", "made");
  // Opened in two steps: a directory first, and then up from it.
  int dir = open("dir", O_RDONLY | O_DIRECTORY);
  CHECK(dir >= 0);
  must_fail(openat(dir, "../mine", O_RDONLY), "open above a directory", "../mine");
  // A link to a link that leads out, hard-linked and renamed, still leads nowhere.
  CHECK(rename("relative", "dir/moved") == 0);
  must_fail(openat(dir, "moved", O_RDONLY), "open a moved link", "moved");
  puts("nothing got out");
  return 0;
}
