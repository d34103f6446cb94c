// A guest that uses memory. With BIG it has 48 MB from the start.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef BIG
static volatile char big[48 << 20];
#endif

int main(int argc, char** argv) {
  const char* verb = argc > 1 ? argv[1] : "";
#ifdef BIG
  if (!strcmp(verb, "fill")) {
    for (unsigned i = 0; i < sizeof big; i += 4096) big[i] = 1;
    return puts("filled"), 0;
  }
#endif
  if (!strcmp(verb, "grow")) {
    unsigned long at;
    while ((at = __builtin_wasm_memory_grow(0, 16)) != ~0ul) memset((char*)(at << 16), 1, 16 << 16);
    return printf("%lu\n", __builtin_wasm_memory_size(0)), 0;
  }
  if (!strcmp(verb, "regrow")) {  // as far as it goes, and again when it goes further
    unsigned long grown = 0;
    while (__builtin_wasm_memory_grow(0, 16) != ~0ul) ++grown;
    printf("%lu\n", grown);
    fflush(stdout);
    for (int tries = 0; tries < 100; ++tries) {
      usleep(100 * 1000);
      if (__builtin_wasm_memory_grow(0, 16) == ~0ul) continue;
      while (__builtin_wasm_memory_grow(0, 16) != ~0ul) ++grown;
      return printf("%lu\n", grown + 1), 0;
    }
    return 1;
  }
  return 99;
}
