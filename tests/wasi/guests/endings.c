// Ends as argument 1 says.
#include "check.h"

int main(int argc, char** argv) {
  CHECK(argc == 2);
  puts("before");
  if (strcmp(argv[1], "exit") == 0) exit(42);
  if (strcmp(argv[1], "abort") == 0) abort();
  if (strcmp(argv[1], "return") == 0) return 7;
  return 0;
}
