// CRC-32 (the polynomial of zip and Ethernet), a byte at a time by table: one long chain of loads.
#include "kernel.h"

enum { kLength = 1400000 };

static uint32_t table[256];
static uint8_t bytes[kLength];

static uint64_t unit(int round) {
  if (round == 0) {
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
      table[i] = value;
    }
    for (int i = 0; i < kLength; ++i) bytes[i] = (uint8_t)next_random();
  }
  uint32_t crc = ~(uint32_t)round;
  for (int i = 0; i < kLength; ++i) crc = table[(crc ^ bytes[i]) & 255] ^ crc >> 8;
  return ~crc;
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "crc32", unit); }
