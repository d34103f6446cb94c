// Dynamic programming over a table: the best worth of what fits into a knapsack, and the shortest
// way between any two of some towns, one town at a time allowed on the way.
#include "kernel.h"

enum { kCapacity = 6000, kThings = 400, kTowns = 170, kFar = 1 << 28 };

static int32_t worth[kCapacity + 1];
static int32_t way[kTowns][kTowns], road[kTowns][kTowns];

static int32_t pack(void) {
  for (int room = 0; room <= kCapacity; ++room) worth[room] = 0;
  for (int thing = 0; thing < kThings; ++thing) {
    int weight = 20 + (int)random_below(200);
    int32_t value = 1 + (int32_t)random_below(1000);
    for (int room = kCapacity; room >= weight; --room) {
      int32_t with = worth[room - weight] + value;
      if (with > worth[room]) worth[room] = with;
    }
  }
  return worth[kCapacity];
}

static void shorten(void) {
  for (int by = 0; by < kTowns; ++by) {
    for (int from = 0; from < kTowns; ++from) {
      int32_t first = way[from][by];
      for (int to = 0; to < kTowns; ++to) {
        int32_t length = first + way[by][to];
        way[from][to] = length < way[from][to] ? length : way[from][to];
      }
    }
  }
}

static uint64_t unit(int round) {
  if (round == 0) {
    for (int i = 0; i < kTowns; ++i) {
      for (int j = 0; j < kTowns; ++j) {
        road[i][j] = i == j ? 0 : random_below(12) ? kFar : 1 + (int32_t)random_below(1000);
      }
    }
  }
  road[random_below(kTowns)][random_below(kTowns)] = 1 + (int32_t)random_below(1000);
  uint64_t sum = (uint64_t)pack();
  for (int i = 0; i < kTowns; ++i) {
    for (int j = 0; j < kTowns; ++j) way[i][j] = road[i][j];
  }
  shorten();
  for (int i = 0; i < kTowns; ++i) sum = mix(sum, (uint64_t)way[i][(i * 7 + round) % kTowns]);
  return sum;
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "knapsack", unit); }
