// Opens, makes and removes names behind `race`, which somebody outside swaps for a link that leads out.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  int reached = 0;
  for (int i = 0; i < 20000; ++i) {
    char text[16] = {0};
    int fd = open("race/file", O_RDWR);
    if (fd >= 0) {
      CHECK(read(fd, text, sizeof text - 1) > 0);
      CHECK(strcmp(text, "inside") == 0);
      close(fd);
      ++reached;
    }
    fd = open("race/made", O_WRONLY | O_CREAT, 0666);
    if (fd >= 0) close(fd);
    unlink("race/made");
    mkdir("race/dir", 0777);
    rmdir("race/dir");
    unlink("race/keep");
  }
  CHECK(reached > 0);
  puts("raced");
  return 0;
}
