// Sorts a million numbers from a fixed generator with qsort and with a heap of its own, and compares both.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kCount = 1000000 };

static int by_value(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

static void sift(uint32_t *heap, size_t root, size_t end) {
  for (size_t child; (child = 2 * root + 1) < end; root = child) {
    if (child + 1 < end && heap[child] < heap[child + 1]) child++;
    if (heap[root] >= heap[child]) return;
    uint32_t swap = heap[root];
    heap[root] = heap[child];
    heap[child] = swap;
  }
}

static void heap_sort(uint32_t *numbers, size_t count) {
  for (size_t i = count / 2; i-- > 0;) sift(numbers, i, count);
  for (size_t end = count; end-- > 1;) {
    uint32_t swap = numbers[0];
    numbers[0] = numbers[end];
    numbers[end] = swap;
    sift(numbers, 0, end);
  }
}

int main(void) {
  uint32_t *first = malloc(kCount * sizeof *first), *second = malloc(kCount * sizeof *second);
  if (!first || !second) return 1;
  uint64_t state = 88172645463325252u;
  for (size_t i = 0; i < kCount; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    first[i] = (uint32_t)(state >> 16);
  }
  memcpy(second, first, kCount * sizeof *first);
  qsort(first, kCount, sizeof *first, by_value);
  heap_sort(second, kCount);
  for (size_t i = 1; i < kCount; i++) {
    if (first[i - 1] > first[i]) return 2;
  }
  if (memcmp(first, second, kCount * sizeof *first) != 0) return 3;
  printf("%d numbers sorted, from %u over %u to %u\n", kCount, first[0], first[kCount / 2], first[kCount - 1]);
  return 0;
}
