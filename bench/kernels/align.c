// Dynamic programming: the edit distance of two texts, whose every cell waits for the one before,
// and the best local alignment of the same texts with a price for each pair of letters.
#include "kernel.h"

enum { kLength = 900, kLetters = 20, kGap = 3 };

static uint8_t one[kLength], other[kLength];
static int32_t row[kLength + 1];
static int8_t price[kLetters][kLetters];

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
static int32_t most(int32_t a, int32_t b) { return a > b ? a : b; }

static int32_t edit_distance(void) {
  for (int j = 0; j <= kLength; ++j) row[j] = j;
  for (int i = 0; i < kLength; ++i) {
    int32_t diagonal = row[0];
    row[0] = i + 1;
    for (int j = 0; j < kLength; ++j) {
      int32_t above = row[j + 1];
      int32_t changed = diagonal + (one[i] != other[j]);
      row[j + 1] = least(changed, least(above, row[j]) + 1);
      diagonal = above;
    }
  }
  return row[kLength];
}

static int32_t best_alignment(void) {
  int32_t best = 0;
  for (int j = 0; j <= kLength; ++j) row[j] = 0;
  for (int i = 0; i < kLength; ++i) {
    const int8_t* prices = price[one[i]];
    int32_t diagonal = 0;
    for (int j = 0; j < kLength; ++j) {
      int32_t above = row[j + 1];
      int32_t score = most(diagonal + prices[other[j]], most(above, row[j]) - kGap);
      score = most(score, 0);
      best = most(best, score);
      row[j + 1] = score;
      diagonal = above;
    }
  }
  return best;
}

static uint64_t unit(int round) {
  if (round == 0) {
    for (int i = 0; i < kLetters; ++i) {
      for (int j = 0; j <= i; ++j) {
        price[i][j] = price[j][i] = (int8_t)(i == j ? 5 : (int)random_below(6) - 4);
      }
    }
    for (int i = 0; i < kLength; ++i) one[i] = (uint8_t)random_below(kLetters);
    for (int i = 0; i < kLength; ++i) {
      other[i] = random_below(3) ? one[(i + 7) % kLength] : (uint8_t)random_below(kLetters);
    }
  }
  one[random_below(kLength)] = (uint8_t)random_below(kLetters);
  uint64_t sum = mix((uint64_t)edit_distance(), (uint64_t)best_alignment());
  return mix(sum, (uint64_t)row[kLength / 2]);
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "align", unit); }
