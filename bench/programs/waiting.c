// Says that it is there and then waits in one of three ways, to be ended by a signal: waiting spin|read|sleep.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int count, char** arguments) {
  if (count != 2) return 2;
  puts("waiting");
  fflush(stdout);
  if (strcmp(arguments[1], "spin") == 0) {
    for (volatile unsigned i = 0;; ++i) {
    }
  }
  if (strcmp(arguments[1], "read") == 0) {
    char byte;
    return read(STDIN_FILENO, &byte, 1) < 0;
  }
  for (;;) sleep(1000);
}
