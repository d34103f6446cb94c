// Compression by references to what went before (LZ77 with a table of digests of four bytes),
// then decompression and comparison.
#include "kernel.h"

enum { kLength = 1 << 19, kTableBits = 13, kMinMatch = 4, kMaxMatch = 258, kWindow = 65535 };

static uint8_t plain[kLength];
static uint8_t packed[kLength + kLength / 64];
static uint8_t unpacked[kLength];
static uint32_t table[1 << kTableBits];  // position + 1 of the last place with that digest

static void make_plain(void) {
  uint32_t at = 0;
  while (at < kLength) {
    uint32_t length = 3 + random_below(30);
    if (at > 300 && random_below(3) != 0) {
      uint32_t from = at - 1 - random_below(at < 60000 ? at - 1 : 60000);
      while (length-- > 0 && at < kLength) plain[at++] = plain[from++];
    } else {
      while (length-- > 0 && at < kLength) plain[at++] = (uint8_t)('a' + random_below(20));
    }
  }
}

static uint32_t four_bytes(const uint8_t* at) {
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

// A run of plain bytes is (length - 1, bytes), length <= 128; a reference is (128 + length - 4 for
// lengths below 131, else 255 and length - 131; distance in two bytes).
static uint32_t put_literals(uint32_t out, uint32_t from, uint32_t to) {
  while (from < to) {
    uint32_t length = to - from < 128 ? to - from : 128;
    packed[out++] = (uint8_t)(length - 1);
    while (length-- > 0) packed[out++] = plain[from++];
  }
  return out;
}

static uint32_t compress(void) {
  for (int i = 0; i < 1 << kTableBits; ++i) table[i] = 0;
  uint32_t out = 0, at = 0, literals = 0;
  while (at + kMinMatch <= kLength) {
    uint32_t digest = (four_bytes(plain + at) * 2654435761u) >> (32 - kTableBits);
    uint32_t before = table[digest];
    table[digest] = at + 1;
    uint32_t length = 0;
    if (before != 0 && at - (before - 1) <= kWindow) {
      const uint8_t* candidate = plain + before - 1;
      uint32_t limit = kLength - at < kMaxMatch ? kLength - at : kMaxMatch;
      while (length < limit && candidate[length] == plain[at + length]) ++length;
    }
    if (length < kMinMatch) {
      ++at;
      continue;
    }
    out = put_literals(out, literals, at);
    uint32_t distance = at - (before - 1);
    if (length < 131) {
      packed[out++] = (uint8_t)(128 + length - kMinMatch);
    } else {
      packed[out++] = 255;
      packed[out++] = (uint8_t)(length - 131);
    }
    packed[out++] = (uint8_t)distance;
    packed[out++] = (uint8_t)(distance >> 8);
    at += length;
    literals = at;
  }
  return put_literals(out, literals, kLength);
}

static uint32_t decompress(uint32_t size) {
  uint32_t in = 0, out = 0;
  while (in < size) {
    uint32_t tag = packed[in++];
    if (tag < 128) {
      for (uint32_t i = 0; i <= tag; ++i) unpacked[out++] = packed[in++];
      continue;
    }
    uint32_t length = tag == 255 ? 131u + packed[in++] : tag - 128 + kMinMatch;
    uint32_t distance = packed[in] | (uint32_t)packed[in + 1] << 8;
    in += 2;
    for (uint32_t i = 0; i < length; ++i, ++out) unpacked[out] = unpacked[out - distance];
  }
  return out;
}

static uint64_t unit(int round) {
  if (round == 0) make_plain();
  plain[random_below(kLength)] ^= 1;
  uint32_t size = compress();
  if (decompress(size) != kLength) return 0;
  uint64_t sum = size;
  for (int i = 0; i < kLength; ++i) {
    if (plain[i] != unpacked[i]) return 1;
  }
  for (uint32_t i = 0; i < size; i += 61) sum = mix(sum, packed[i]);
  return sum;
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "lz", unit); }
