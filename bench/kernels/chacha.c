// ChaCha20 (RFC 8439): a cipher of additions, rotations and exclusive ors in sixteen words, over
// a buffer that is encrypted and decrypted again. The RFC's own example is checked first.
#include "kernel.h"

enum { kLength = 800 << 10, kWords = 16 };

static uint8_t plain[kLength], sealed[kLength];

static uint32_t rotate(uint32_t value, int by) { return value << by | value >> (32 - by); }

static void quarter(uint32_t* s, int a, int b, int c, int d) {
  s[a] += s[b];
  s[d] = rotate(s[d] ^ s[a], 16);
  s[c] += s[d];
  s[b] = rotate(s[b] ^ s[c], 12);
  s[a] += s[b];
  s[d] = rotate(s[d] ^ s[a], 8);
  s[c] += s[d];
  s[b] = rotate(s[b] ^ s[c], 7);
}

static void key_block(const uint32_t start[kWords], uint32_t block[kWords]) {
  for (int i = 0; i < kWords; ++i) block[i] = start[i];
  for (int round = 0; round < 10; ++round) {
    for (int column = 0; column < 4; ++column) {
      quarter(block, column, column + 4, column + 8, column + 12);
    }
    for (int column = 0; column < 4; ++column) {
      quarter(block, column, (column + 1) % 4 + 4, (column + 2) % 4 + 8, (column + 3) % 4 + 12);
    }
  }
  for (int i = 0; i < kWords; ++i) block[i] += start[i];
}

static void set_up(uint32_t state[kWords], const uint32_t key[8], const uint32_t nonce[3]) {
  static const uint32_t kFirst[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  for (int i = 0; i < 4; ++i) state[i] = kFirst[i];
  for (int i = 0; i < 8; ++i) state[4 + i] = key[i];
  state[12] = 1;
  for (int i = 0; i < 3; ++i) state[13 + i] = nonce[i];
}

static void crypt(const uint32_t key[8], const uint32_t nonce[3], const uint8_t* in, uint8_t* out) {
  uint32_t state[kWords], block[kWords];
  set_up(state, key, nonce);
  for (uint32_t at = 0; at < kLength; at += 64) {
    key_block(state, block);
    ++state[12];
    for (uint32_t i = 0; i < 64; ++i)
      out[at + i] = in[at + i] ^ (uint8_t)(block[i / 4] >> 8 * (i % 4));
  }
}

// Section 2.3.2.
static int example_holds(void) {
  uint32_t key[8], state[kWords], block[kWords];
  static const uint32_t kNonce[3] = {0x09000000, 0x4a000000, 0};
  for (uint32_t i = 0; i < 8; ++i) key[i] = 0x03020100u + 0x04040404u * i;
  set_up(state, key, kNonce);
  key_block(state, block);
  return block[0] == 0xe4e7f110u && block[15] == 0x4e3c50a2u;
}

static uint64_t unit(int round) {
  uint32_t key[8], nonce[3];
  if (round == 0) {
    if (!example_holds()) return 0;
    for (int i = 0; i < kLength; ++i) plain[i] = (uint8_t)next_random();
  }
  for (int i = 0; i < 8; ++i) key[i] = next_random();
  for (int i = 0; i < 3; ++i) nonce[i] = next_random();
  crypt(key, nonce, plain, sealed);
  uint64_t sum = 0;
  for (int i = 0; i < kLength; i += 509) sum = mix(sum, sealed[i]);
  crypt(key, nonce, sealed, sealed);
  for (int i = 0; i < kLength; ++i) {
    if (plain[i] != sealed[i]) return 1;
  }
  return sum;
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "chacha", unit); }
