// The same with a C library that keeps a working directory of its own, since chdir is linked.
#include <unistd.h>

#include "check.h"

int main(int argc, char** argv) {
  char line[64] = "";
  if (argc > 2) CHECK(chdir(argv[2]) == 0);
  FILE* file = fopen(argv[1], "r");
  CHECK(file && fgets(line, sizeof line, file));
  printf("%s", line);
  return 0;
}
