// Fannkuch: for every order of n numbers, how many turns of the first k bring 1 to the front.
#include "kernel.h"

enum { kNumbers = 8 };

static uint64_t all_orders(int start) {
  int order[kNumbers], work[kNumbers], turned[kNumbers];
  int most = 0, sign = 1, checksum = 0, left = kNumbers;
  for (int i = 0; i < kNumbers; ++i) order[i] = (i + start) % kNumbers;
  for (;;) {
    for (; left > 1; --left) turned[left - 1] = left;
    for (int i = 0; i < kNumbers; ++i) work[i] = order[i];
    int flips = 0;
    for (int first; (first = work[0]) != 0; ++flips) {
      for (int low = 0, high = first; low < high; ++low, --high) {
        int old = work[low];
        work[low] = work[high];
        work[high] = old;
      }
    }
    if (flips > most) most = flips;
    checksum += sign * flips;
    sign = -sign;
    for (;;) {
      if (left == kNumbers) return mix((uint64_t)most, (uint64_t)(int64_t)checksum);
      int first = order[0];
      for (int i = 0; i < left; ++i) order[i] = order[i + 1];
      order[left] = first;
      if (--turned[left] > 0) break;
      ++left;
    }
  }
}

static uint64_t unit(int round) {
  uint64_t sum = all_orders(round % kNumbers);
  return mix(sum, all_orders((round + 3) % kNumbers));
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "fannkuch", unit); }
