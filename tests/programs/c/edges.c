// What programs meet at the edges of their world: arguments, environment, working directory, standard input,
// clocks, random bytes, files that are not there, an exit code.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) printf("argument '%s'\n", argv[i]);
  printf("GREETING=%s\n", getenv("GREETING") ? getenv("GREETING") : "(unset)");

  char line[256];
  while (fgets(line, sizeof line, stdin)) printf("input %s", line);

  struct timespec before, after, nap = {.tv_nsec = 20000000};
  clock_gettime(CLOCK_MONOTONIC, &before);
  nanosleep(&nap, NULL);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long slept = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  printf("slept %s\n", slept >= 20 && slept < 5000 ? "20 ms" : "wrongly");
  printf("year %s\n", time(NULL) > 1700000000 ? "plausible" : "wrong");

  unsigned char first[32] = {0}, second[32] = {0};
  printf("random %s\n", getentropy(first, 32) == 0 && getentropy(second, 32) == 0 && memcmp(first, second, 32) != 0
                            ? "differs" : "fails");

  int missing = open("/not/there", O_RDONLY);
  printf("missing file: %s\n", missing < 0 ? strerror(errno) : "opened");
  int outside = open("/../../../../etc/shadow", O_RDONLY);
  printf("above the root: %s\n", outside < 0 ? strerror(errno) : "opened");

  fflush(stdout);
  fprintf(stderr, "to standard error\n");
  return 42;
}
