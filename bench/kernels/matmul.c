// Matrix product, the textbook's three loops: doubles, row by column. A sum is one chain of
// dependent additions, so the native compiler may not vectorise it; gemm.c is the order it may.
#include "kernel.h"

enum { kSize = 170 };

static double a[kSize][kSize], b[kSize][kSize], c[kSize][kSize];

static void multiply(void) {
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) {
      double sum = 0;
      for (int k = 0; k < kSize; ++k) sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
  }
}

static uint64_t unit(int round) {
  if (round == 0) {
    for (int i = 0; i < kSize; ++i) {
      for (int j = 0; j < kSize; ++j) {
        a[i][j] = random_unit() - 0.5;
        b[i][j] = random_unit() - 0.5;
      }
    }
  }
  a[round % kSize][0] += 1;
  multiply();
  uint64_t sum = 0;
  for (int i = 0; i < kSize; ++i) sum = mix(sum, bits_of(c[i][(i * 7 + round) % kSize]));
  return sum;
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "matmul", unit); }
