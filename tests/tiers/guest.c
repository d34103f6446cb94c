// guest sum N | work | trap: what the tests of the tiers run.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t table[4096];

__attribute__((noinline)) static uint32_t sum(unsigned rounds) {
  uint32_t x = 1;
  for (unsigned i = 0; i < rounds; ++i) {
    x = x * 1664525u + 1013904223u;
    table[x >> 20] += x ^ i;
  }
  for (unsigned i = 0; i < 4096; ++i) x = x * 31 + table[i];
  return x;
}

__attribute__((noinline)) static void fall(void) { __builtin_trap(); }

int main(int count, char** arguments) {
  const char* what = count > 1 ? arguments[1] : "";
  if (strcmp(what, "sum") == 0) {
    printf("%u\n", sum((unsigned)atoi(arguments[2])));
  } else if (strcmp(what, "work") == 0) {
    // A second or so of work, in as many calls as there are moments to change what runs.
    printf("%u\n", sum(1000));
    fflush(stdout);
    for (int i = 0; i < 500; ++i) sum(100000);
    for (;;) sleep(1);
  } else if (strcmp(what, "trap") == 0) {
    fall();
  }
  return 0;
}
