// A hash map from strings to counts: open addressing, linear probing, growth by doubling, removal
// by shifting back. Counts words, looks up words that are there and that are not, removes some.
#include "kernel.h"

enum { kWords = 12000, kMaxLength = 20, kOperations = 70000, kMaxSlots = 1 << 15 };

struct Word {
  uint8_t length;
  char text[kMaxLength];
};

struct Slot {
  const struct Word* key;  // null where the slot is free
  uint32_t digest;
  uint32_t count;
};

struct Map {
  struct Slot* slots;
  uint32_t mask;
  uint32_t used;
};

static struct Word words[kWords];
static struct Slot storage[2][kMaxSlots];

static uint32_t digest_of(const struct Word* word) {
  uint32_t digest = 2166136261u;
  for (int i = 0; i < word->length; ++i) digest = (digest ^ (uint8_t)word->text[i]) * 16777619u;
  return digest ^ (digest >> 15);
}

static int equal(const struct Word* a, const struct Word* b) {
  if (a->length != b->length) return 0;
  for (int i = 0; i < a->length; ++i) {
    if (a->text[i] != b->text[i]) return 0;
  }
  return 1;
}

// The slot of the key, or the free one where it would go.
static struct Slot* probe(const struct Map* map, const struct Word* key, uint32_t digest) {
  for (uint32_t at = digest & map->mask;; at = (at + 1) & map->mask) {
    struct Slot* slot = &map->slots[at];
    if (slot->key == 0) return slot;
    if (slot->digest == digest && equal(slot->key, key)) return slot;
  }
}

static void clear(struct Map* map, struct Slot* slots, uint32_t size) {
  map->slots = slots;
  map->mask = size - 1;
  map->used = 0;
  for (uint32_t i = 0; i < size; ++i) slots[i].key = 0;
}

static void grow(struct Map* map) {
  struct Map old = *map;
  clear(map, old.slots == storage[0] ? storage[1] : storage[0], (old.mask + 1) * 2);
  for (uint32_t i = 0; i <= old.mask; ++i) {
    if (old.slots[i].key == 0) continue;
    *probe(map, old.slots[i].key, old.slots[i].digest) = old.slots[i];
    ++map->used;
  }
}

static uint32_t add(struct Map* map, const struct Word* key) {
  uint32_t digest = digest_of(key);
  struct Slot* slot = probe(map, key, digest);
  if (slot->key == 0) {
    if ((map->used + 1) * 4 > (map->mask + 1) * 3) {
      grow(map);
      slot = probe(map, key, digest);
    }
    slot->key = key;
    slot->digest = digest;
    slot->count = 0;
    ++map->used;
  }
  return ++slot->count;
}

static uint32_t find(const struct Map* map, const struct Word* key) {
  struct Slot* slot = probe(map, key, digest_of(key));
  return slot->key == 0 ? 0 : slot->count;
}

static void discard(struct Map* map, const struct Word* key) {
  struct Slot* slot = probe(map, key, digest_of(key));
  if (slot->key == 0) return;
  uint32_t hole = (uint32_t)(slot - map->slots);
  for (uint32_t at = (hole + 1) & map->mask; map->slots[at].key != 0; at = (at + 1) & map->mask) {
    uint32_t home = map->slots[at].digest & map->mask;
    if (((at - home) & map->mask) < ((at - hole) & map->mask)) continue;
    map->slots[hole] = map->slots[at];
    hole = at;
  }
  map->slots[hole].key = 0;
  --map->used;
}

static void make_words(void) {
  for (int i = 0; i < kWords; ++i) {
    words[i].length = (uint8_t)(4 + random_below(kMaxLength - 4));
    for (int j = 0; j < words[i].length; ++j) words[i].text[j] = (char)('a' + random_below(26));
  }
}

static uint64_t unit(int round) {
  if (round == 0) make_words();
  struct Map map;
  clear(&map, storage[0], 64);
  uint64_t sum = 0;
  for (int i = 0; i < kOperations; ++i) {
    // Low numbers come oftener than high ones, as words of a text do.
    uint32_t pick = random_below(random_below(kWords) + 1);
    switch (next_random() & 7) {
      case 0:
        discard(&map, &words[pick]);
        break;
      case 1:
      case 2:
      case 3:
        sum += find(&map, &words[pick]);
        break;
      default:
        sum += add(&map, &words[pick]);
    }
  }
  return mix(sum, map.used);
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "hashmap", unit); }
