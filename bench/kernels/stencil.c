// Stencils: heat spreads over a plate (each cell the mean of its neighbours, from one grid into
// another, doubles), a box blur of a picture in bytes, and a sweep in place whose cells depend on
// those just written.
#include "kernel.h"

enum { kSide = 258, kHeatSteps = 28, kSweeps = 3 };

static double plate[2][kSide][kSide];
static double swept[kSide][kSide];
static uint8_t picture[kSide][kSide], blurred[kSide][kSide];

static void spread(double from[kSide][kSide], double to[kSide][kSide]) {
  for (int i = 1; i < kSide - 1; ++i) {
    for (int j = 1; j < kSide - 1; ++j) {
      double around = from[i - 1][j] + from[i + 1][j] + from[i][j - 1] + from[i][j + 1];
      to[i][j] = from[i][j] * 0.5 + around * 0.125;
    }
  }
}

static void blur(void) {
  for (int i = 1; i < kSide - 1; ++i) {
    for (int j = 1; j < kSide - 1; ++j) {
      uint32_t sum = 4;
      for (int row = i - 1; row <= i + 1; ++row) {
        sum += picture[row][j - 1] + picture[row][j] * 2u + picture[row][j + 1];
      }
      blurred[i][j] = (uint8_t)(sum * 21 >> 8);
    }
  }
}

static void sweep(void) {
  for (int i = 1; i < kSide - 1; ++i) {
    for (int j = 1; j < kSide - 1; ++j) {
      double around = swept[i - 1][j] + swept[i + 1][j] + swept[i][j - 1] + swept[i][j + 1];
      swept[i][j] += 0.9 * (around * 0.25 - swept[i][j]);
    }
  }
}

static uint64_t unit(int round) {
  if (round == 0) {
    for (int i = 0; i < kSide; ++i) {
      for (int j = 0; j < kSide; ++j) {
        plate[0][i][j] = plate[1][i][j] = swept[i][j] = random_unit();
        picture[i][j] = (uint8_t)next_random();
      }
    }
  }
  plate[0][1 + round % (kSide - 2)][kSide / 2] = 1000;
  for (int step = 0; step < kHeatSteps; ++step) spread(plate[step % 2], plate[1 - step % 2]);
  picture[kSide / 2][1 + round % (kSide - 2)] ^= 0xff;
  for (int step = 0; step < kHeatSteps; ++step) {
    blur();
    picture[step][round % kSide] = blurred[1 + step][1 + round % (kSide - 2)];
  }
  for (int step = 0; step < kSweeps; ++step) sweep();
  uint64_t sum = 0;
  for (int i = 0; i < kSide; ++i) {
    int j = (i * 7 + round) % kSide;
    sum = mix(sum, bits_of(plate[0][i][j]) ^ bits_of(swept[i][j]) ^ blurred[i][j]);
  }
  return sum;
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "stencil", unit); }
