// The Mandelbrot set by escape time: floating point in registers, no memory in the inner loop.
#include "kernel.h"

enum { kSide = 120, kMaxSteps = 256 };

static int escape_time(double cx, double cy) {
  double x = 0, y = 0;
  int steps = 0;
  while (steps < kMaxSteps && x * x + y * y <= 4) {
    double next = x * x - y * y + cx;
    y = 2 * x * y + cy;
    x = next;
    ++steps;
  }
  return steps;
}

static uint64_t unit(int round) {
  double left = -2.0 - 0.001 * round;
  uint64_t sum = 0;
  for (int row = 0; row < kSide; ++row) {
    for (int column = 0; column < kSide; ++column) {
      sum = sum * 31 + (uint64_t)escape_time(left + 2.5 * column / kSide, 2.0 * row / kSide - 1);
    }
  }
  return sum;
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "mandelbrot", unit); }
