// Matrix product with the loops in the order that runs along rows (i, k, j): the native compiler
// makes the inner loop vector code, which plain WebAssembly without SIMD cannot express.
#include "kernel.h"

enum { kSize = 250 };

static double a[kSize][kSize], b[kSize][kSize], c[kSize][kSize];

static void multiply_add(void) {
  for (int i = 0; i < kSize; ++i) {
    for (int k = 0; k < kSize; ++k) {
      double factor = a[i][k];
      for (int j = 0; j < kSize; ++j) c[i][j] += factor * b[k][j];
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
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) c[i][j] *= 0.25;
  }
  multiply_add();
  uint64_t sum = 0;
  for (int i = 0; i < kSize; ++i) sum = mix(sum, bits_of(c[i][(i * 7 + round) % kSize]));
  return sum;
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "gemm", unit); }
