// What the kernels share: a program that does its unit of work `scale` times and prints one
// checksum.
//
//     NAME [SCALE]
//
// The default scale, 100, is about 0.4 s of native work, and work is linear in the scale. The
// output depends on nothing but the scale: a native build and any engine must print the same line.
// Each unit's own code is what is measured; nothing hot goes through the C library.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// xorshift64*: the same numbers everywhere.
static uint64_t random_state = 0x9e3779b97f4a7c15u;

static inline uint32_t next_random(void) {
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32);
}

// In [0, limit), limit > 0.
static inline uint32_t random_below(uint32_t limit) {
  return (uint32_t)(((uint64_t)next_random() * limit) >> 32);
}

// In [0, 1).
static inline double random_unit(void) { return next_random() * (1.0 / 4294967296.0); }

static inline uint64_t bits_of(double value) {
  union {
    double value;
    uint64_t bits;
  } both = {value};
  return both.bits;
}

static inline uint64_t mix(uint64_t sum, uint64_t value) {
  sum = (sum ^ value) * 0x100000001b3u;
  return sum ^ (sum >> 29);
}

// Runs unit(0), unit(1), ... and prints what their results add up to.
static inline int run_kernel(int argc, char** argv, const char* name, uint64_t (*unit)(int round)) {
  long scale = 100;
  if (argc > 1) {
    char* end;
    scale = strtol(argv[1], &end, 10);
    if (*end != '\0' || scale < 1 || scale > 1000000) {
      fprintf(stderr, "%s: scale must be a number from 1 to 1000000, not '%s'\n", name, argv[1]);
      return 2;
    }
  }
  uint64_t sum = 0xcbf29ce484222325u;
  for (int round = 0; round < scale; ++round) sum = mix(sum, unit(round));
  printf("%s %ld %016llx\n", name, scale, (unsigned long long)sum);
  return 0;
}
