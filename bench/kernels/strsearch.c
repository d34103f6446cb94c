// Search of strings in a generated text: Boyer, Moore and Horspool's skips for the longer ones, a
// plain scan for the first byte for the shorter.
#include "kernel.h"

enum { kTextLength = 250000, kPatterns = 24, kMaxPattern = 32 };

static uint8_t text[kTextLength];

static void make_text(void) {
  static const char letters[] = "eeeeeeettttttaaaaaooooiiiinnnnsssshhhrrrddlluucmfywgpbvkxqjz";
  int at = 0;
  while (at < kTextLength) {
    int length = 1 + (int)random_below(9);
    for (int i = 0; i < length && at < kTextLength; ++i) {
      text[at++] = (uint8_t)letters[random_below(sizeof letters - 1)];
    }
    if (at < kTextLength) text[at++] = ' ';
  }
}

static uint32_t count_by_skips(const uint8_t* pattern, int length) {
  int skip[256];
  for (int i = 0; i < 256; ++i) skip[i] = length;
  for (int i = 0; i < length - 1; ++i) skip[pattern[i]] = length - 1 - i;
  uint32_t found = 0;
  uint8_t last = pattern[length - 1];
  for (int at = 0; at + length <= kTextLength;) {
    uint8_t end = text[at + length - 1];
    if (end == last) {
      int i = 0;
      while (i < length - 1 && text[at + i] == pattern[i]) ++i;
      found += i == length - 1;
    }
    at += skip[end];
  }
  return found;
}

static uint32_t count_by_scan(const uint8_t* pattern, int length) {
  uint32_t found = 0;
  for (int at = 0; at + length <= kTextLength; ++at) {
    if (text[at] != pattern[0]) continue;
    int i = 1;
    while (i < length && text[at + i] == pattern[i]) ++i;
    found += i == length;
  }
  return found;
}

static uint64_t unit(int round) {
  if (round == 0) make_text();
  uint64_t sum = 0;
  for (int i = 0; i < kPatterns; ++i) {
    uint8_t pattern[kMaxPattern];
    int length = i < 6 ? 2 + i % 3 : 5 + i;
    int from = (int)random_below(kTextLength - kMaxPattern);
    for (int j = 0; j < length; ++j) pattern[j] = text[from + j];
    // Every third is not there.
    if (i % 3 == 2) pattern[random_below((uint32_t)length)] = '#';
    sum = mix(sum, length < 5 ? count_by_scan(pattern, length) : count_by_skips(pattern, length));
  }
  return sum;
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "strsearch", unit); }
