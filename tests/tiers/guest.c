// guest sum N | work | loop | trap: what the tests of the tiers run.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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

static double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// One loop, never called again: says whether it came to be three times as fast as it began, within a minute.
static int loop(void) {
  const double end = seconds(CLOCK_MONOTONIC) + 60;
  double before = seconds(CLOCK_THREAD_CPUTIME_ID), first = 0;
  uint32_t x = 1;
  for (uint32_t i = 1;; ++i) {
    x = x * 1664525u + 1013904223u;
    table[x >> 20] += x ^ i;
    if (i & 0xfffff) continue;
    const double now = seconds(CLOCK_THREAD_CPUTIME_ID), took = now - before;
    before = now;
    if (first == 0 || (i >> 20 <= 3 && took < first)) first = took;
    if (took * 3 < first) return 1;
    if (seconds(CLOCK_MONOTONIC) > end) return 0;
  }
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
  } else if (strcmp(what, "loop") == 0) {
    puts(loop() ? "faster" : "as slow as ever");
  } else if (strcmp(what, "trap") == 0) {
    fall();
  }
  return 0;
}
