// A branchy state machine: counts the words, numbers, strings and comments of generated program
// text, one byte and one switch at a time.
#include "kernel.h"

enum { kLength = 1 << 20 };

enum State { kBlank, kWord, kDigits, kFraction, kQuoted, kEscaped, kSlash, kLine, kBlock, kStar };

static uint8_t text[kLength];

static void make_text(void) {
  static const char* const kPieces[] = {
      "while (index < limit) ",        "x1 = 3.14159 + offset; ", "\"a \\\"quoted\\\" string\" ",
      "// to the end of the line\n",   "/* a * in / a block */ ", "return value / 42;\n",
      "call(first, second->third);\n", "\t0x7f 12 1.5 .5 ",       "if (a && !b) { c += 7; }\n",
  };
  int at = 0;
  while (at < kLength) {
    const char* piece = kPieces[random_below(sizeof kPieces / sizeof *kPieces)];
    while (*piece && at < kLength) text[at++] = (uint8_t)*piece++;
  }
}

static enum State start_of(uint8_t c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_') return kWord;
  if (c >= '0' && c <= '9') return kDigits;
  if (c == '"') return kQuoted;
  if (c == '/') return kSlash;
  return kBlank;
}

static enum State next_state(enum State state, uint8_t c) {
  switch (state) {
    case kBlank:
      return start_of(c);
    case kWord:
      return c >= '0' && c <= '9' ? kWord : start_of(c);
    case kDigits:
      return c == '.' ? kFraction : start_of(c);
    case kFraction:
      return c >= '0' && c <= '9' ? kFraction : start_of(c);
    case kQuoted:
      return c == '\\' ? kEscaped : c == '"' || c == '\n' ? kBlank : kQuoted;
    case kEscaped:
      return kQuoted;
    case kSlash:
      return c == '/' ? kLine : c == '*' ? kBlock : start_of(c);
    case kLine:
      return c == '\n' ? kBlank : kLine;
    case kBlock:
      return c == '*' ? kStar : kBlock;
    case kStar:
      return c == '/' ? kBlank : c == '*' ? kStar : kBlock;
  }
  return kBlank;
}

static uint64_t unit(int round) {
  if (round == 0) make_text();
  uint32_t entered[kStar + 1] = {0};
  enum State state = kBlank;
  for (int i = 0; i < kLength; ++i) {
    enum State next = next_state(state, text[i]);
    if (next != state) ++entered[next];
    state = next;
  }
  uint64_t sum = (uint64_t)round;
  for (int i = 0; i <= kStar; ++i) sum = mix(sum, entered[i]);
  return sum;
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "automaton", unit); }
