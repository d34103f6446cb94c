// The least a command does: its start and end are what is measured.
#include <stdio.h>

int main(void) {
  puts("Hello WebAssembly in Docker!");
  return 0;
}
