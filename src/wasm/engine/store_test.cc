#include "wasm/engine/store.h"

#include "wasm/engine/module_for_test.h"

namespace wherry::wasm {
namespace {

TEST(CodeArena, KeepsWordsWhereTheyAre) {
  CodeArena arena;
  std::vector<std::pair<const Slot*, std::vector<Slot>>> kept;
  for (std::size_t size : {1u, 0u, 5u, 8190u, 3u, 20000u, 7u, 8192u, 8191u, 1u, 1u, 100000u, 2u}) {
    const std::vector<Slot> words(size, kept.size() * 1000 + size);
    kept.emplace_back(arena.keep(words), words);
  }
  for (const auto& [at, words] : kept) {
    EXPECT_TRUE(std::equal(words.begin(), words.end(), at)) << words.size();
  }
}

TEST(Store, TypesAreEqualByWhatTheySay) {
  Store::Impl impl;
  const std::uint32_t first = impl.type_id({{kI32}, {kI64}});
  EXPECT_EQ(impl.type_id({{kI32}, {kI64}}), first);
  EXPECT_NE(impl.type_id({{kI64}, {kI32}}), first);
  EXPECT_NE(impl.type_id({{kI32, kI64}, {}}), first);
}

}  // namespace
}  // namespace wherry::wasm
