// Introsort of random 32-bit integers: quicksort by the median of three, insertion sort for short
// runs, heap sort where quicksort goes too deep.
#include "kernel.h"

enum { kCount = 60000, kShortRun = 16 };

static int32_t numbers[kCount];

static void swap(int32_t* a, int32_t* b) {
  int32_t old = *a;
  *a = *b;
  *b = old;
}

static void insertion_sort(int32_t* first, int32_t* last) {
  for (int32_t* at = first + 1; at < last; ++at) {
    int32_t value = *at;
    int32_t* hole = at;
    while (hole > first && hole[-1] > value) {
      *hole = hole[-1];
      --hole;
    }
    *hole = value;
  }
}

static void sift_down(int32_t* heap, int root, int size) {
  int32_t value = heap[root];
  for (int child; (child = 2 * root + 1) < size; root = child) {
    if (child + 1 < size && heap[child] < heap[child + 1]) ++child;
    if (heap[child] <= value) break;
    heap[root] = heap[child];
  }
  heap[root] = value;
}

static void heap_sort(int32_t* heap, int size) {
  for (int root = size / 2; root-- > 0;) sift_down(heap, root, size);
  for (int end = size - 1; end > 0; --end) {
    swap(&heap[0], &heap[end]);
    sift_down(heap, 0, end);
  }
}

static void introsort(int32_t* first, int32_t* last, int depth) {
  while (last - first > kShortRun) {
    if (depth-- == 0) {
      heap_sort(first, (int)(last - first));
      return;
    }
    int32_t* middle = first + (last - first) / 2;
    if (*middle < *first) swap(middle, first);
    if (last[-1] < *first) swap(&last[-1], first);
    if (last[-1] < *middle) swap(&last[-1], middle);
    int32_t pivot = *middle;
    int32_t* low = first;
    int32_t* high = last - 1;
    while (low <= high) {
      while (*low < pivot) ++low;
      while (pivot < *high) --high;
      if (low <= high) swap(low++, high--);
    }
    introsort(low, last, depth);
    last = high + 1;
  }
  insertion_sort(first, last);
}

static uint64_t unit(int round) {
  for (int i = 0; i < kCount; ++i) numbers[i] = (int32_t)next_random();
  // Every eighth round starts from what quicksort likes least to meet.
  if (round % 8 == 7) {
    for (int i = 0; i < kCount; ++i) numbers[i] = i < kCount / 2 ? i : kCount - i;
  }
  int depth = 0;
  for (int size = kCount; size > 1; size /= 2) depth += 2;
  introsort(numbers, numbers + kCount, depth);
  uint64_t sum = 0;
  for (int i = 1; i < kCount; ++i) {
    if (numbers[i - 1] > numbers[i]) return 0;
  }
  for (int i = 0; i < kCount; i += 997) sum = mix(sum, (uint32_t)numbers[i]);
  return sum;
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "sort", unit); }
