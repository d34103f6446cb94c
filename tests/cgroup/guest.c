// A guest that uses memory. With BIG it has 48 MB from the start.
#include <stdio.h>
#include <string.h>

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
  return 99;
}
