// What a call from the guest to its host costs, by the guest's own clock: one host function that
// writes two numbers to memory, one that asks the kernel for the time. Prints "NAME NANOSECONDS"
// lines. Each is the least of a few passes, less an empty loop's time.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <wasi/api.h>

static uint64_t now(void) {
  __wasi_timestamp_t time = 0;
  if (__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &time) != 0) exit(1);
  return time;
}

static void nothing(void) { __asm__ volatile(""); }

static void sizes(void) {
  __wasi_size_t count, bytes;
  if (__wasi_args_sizes_get(&count, &bytes) != 0) exit(1);
}

static void clock(void) { now(); }

static double nanoseconds(void (*call)(void), int calls) {
  uint64_t least = UINT64_MAX;
  for (int pass = 0; pass < 5; ++pass) {
    uint64_t start = now();
    for (int i = 0; i < calls; ++i) call();
    uint64_t taken = now() - start;
    if (taken < least) least = taken;
  }
  return (double)least / calls;
}

int main(int argc, char** argv) {
  int calls = argc > 1 ? atoi(argv[1]) : 200000;
  if (calls < 1) return 2;
  double empty = nanoseconds(nothing, calls);
  printf("args_sizes_get %.1f\n", nanoseconds(sizes, calls) - empty);
  printf("clock_time_get %.1f\n", nanoseconds(clock, calls) - empty);
  return 0;
}
