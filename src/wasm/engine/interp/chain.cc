#include "wasm/engine/interp/chain.h"

#include <algorithm>

#include "wasm/engine/interp/control_steps.h"
#include "wasm/engine/interp/fused_steps.h"
#include "wasm/engine/interp/numeric_ops.h"

namespace wherry::wasm::interp {
namespace {

template <typename... Steps>
constexpr Chain chain_of() {
  constexpr bool kEnds[] = {Ending<Steps>...};
  static_assert(std::find(kEnds, std::end(kEnds), true) >= std::end(kEnds) - 1);
  return {&handler<Steps...>, sizeof...(Steps), {&handler<Steps>...}};
}

// The names of chain.def.
using namespace steps;
using enum Dest;
using enum Form;
using GetGlobal = GlobalGet<Class::Int, ToAcc>;
using SetGlobal = GlobalSet<Class::Int, Source::Acc>;
using ReturnSlot = Return<Class::Int, Source::Slot>;
using ReturnAcc = Return<Class::Int, Source::Acc>;
using SaveAcc = StoreAcc<Class::Int>;
template <bool when>
using IfAcc = BranchIf<when, Source::Acc>;
using TableAcc = BranchTable<Source::Acc>;
// By where the address is, and where the value goes.
template <Dest to>
using WordAtSlot = Load<LoadOf<u32, u32, u32>, Source::Slot, to>;
template <Dest to>
using WordAtAcc = Load<LoadOf<u32, u32, u32>, Source::Acc, to>;
template <Dest to>
using HalfAtAcc = Load<LoadOf<u16, u32, u32>, Source::Acc, to>;
template <Dest to>
using ByteAtSlot = Load<LoadOf<u8, u32, u32>, Source::Slot, to>;
template <Dest to>
using ByteAtAcc = Load<LoadOf<u8, u32, u32>, Source::Acc, to>;
template <Dest to>
using ByteBeside = LoadBy<Beside, LoadOf<u8, u32, u32>, to>;
template <Form form>
using StoreWord = Store<u32, u32, form>;
template <Form form>
using StoreHalf = Store<u32, u16, form>;
template <Form form>
using StoreByte = Store<u32, u8, form>;
using AndWord = WithLoad<ops::I32And, u32, false, Source::Acc, ToAcc>;
#define WHERRY_NAME(name)       \
  template <Form form, Dest to> \
  using name = Binary<ops::I32##name, form, to>;
WHERRY_NAME(Add)
WHERRY_NAME(Sub)
WHERRY_NAME(And)
WHERRY_NAME(Shl)
WHERRY_NAME(Eq)
WHERRY_NAME(Ne)
WHERRY_NAME(LtS)
WHERRY_NAME(GtS)
#undef WHERRY_NAME
#define WHERRY_NAME(name)         \
  template <Form form, bool when> \
  using If##name = Branch<ops::I32##name, form, when>;
WHERRY_NAME(Eq)
WHERRY_NAME(LtS)
#undef WHERRY_NAME

const Chain kChains[] = {
#define WHERRY_CHAIN(...) chain_of<__VA_ARGS__>(),
#include "wasm/engine/interp/chain.def"
};

// Chains by their first handler, longer ones first.
class Index {
 public:
  Index() {
    for (std::size_t i = 0; i < kCount; ++i) sorted_[i] = &kChains[i];
    std::ranges::sort(sorted_, [](const Chain* a, const Chain* b) {
      const auto first_a = reinterpret_cast<Slot>(a->parts[0]);
      const auto first_b = reinterpret_cast<Slot>(b->parts[0]);
      return first_a != first_b ? first_a < first_b : a->length > b->length;
    });
    for (std::uint8_t i = 0; i < kCount; ++i) {
      const auto first = reinterpret_cast<Slot>(sorted_[i]->parts[0]);
      if (i > 0 && first == reinterpret_cast<Slot>(sorted_[i - 1]->parts[0])) continue;
      std::size_t place = place_of(first);
      while (table_[place].first != 0) place = (place + 1) % kPlaces;
      table_[place] = {.first = first, .begin = i};
    }
  }

  // Null where none begins with the instruction at starts[0]. most: instructions that may be in it.
  const Chain* find(std::span<const Slot> code, std::span<const std::uint32_t> starts,
                    std::size_t most) const {
    const Slot first = code[starts[0]];
    std::size_t place = place_of(first);
    while (table_[place].first != first) {
      if (table_[place].first == 0) return nullptr;
      place = (place + 1) % kPlaces;
    }
    for (std::size_t i = table_[place].begin; i < kCount; ++i) {
      const Chain& chain = *sorted_[i];
      if (reinterpret_cast<Slot>(chain.parts[0]) != first) break;
      if (chain.length <= most && matches(chain, code, starts)) return &chain;
    }
    return nullptr;
  }

 private:
  static constexpr std::size_t kCount = std::size(kChains);
  static constexpr std::size_t kPlaces = 256;
  static_assert(kCount <= kPlaces / 2);
  struct Entry {
    Slot first = 0;
    std::uint8_t begin = 0;  // in sorted_
  };

  // Handlers are at least 16 bytes apart.
  static std::size_t place_of(Slot handler) { return (handler >> 4) * 0x9e3779b1u % kPlaces; }
  static bool matches(const Chain& chain, std::span<const Slot> code,
                      std::span<const std::uint32_t> starts) {
    for (std::size_t i = 1; i < chain.length; ++i) {
      if (code[starts[i]] != reinterpret_cast<Slot>(chain.parts[i])) return false;
    }
    return true;
  }

  std::array<const Chain*, kCount> sorted_ = {};
  std::array<Entry, kPlaces> table_ = {};
};

}  // namespace

std::span<const Chain> chains() { return kChains; }

void join_chains(std::span<Slot> code, std::span<const std::uint32_t> starts,
                 std::span<const std::uint32_t> heads) {
  static const Index index;
  std::size_t head = 0;
  for (std::size_t i = 0; i < starts.size();) {
    while (head < heads.size() && heads[head] <= starts[i]) ++head;
    std::size_t most = std::min(starts.size() - i, Chain::kMaxLength);
    for (std::size_t k = 1; head < heads.size() && k < most; ++k) {
      if (starts[i + k] >= heads[head]) most = k;
    }
    const Chain* chain = most > 1 ? index.find(code, starts.subspan(i), most) : nullptr;
    if (chain) code[starts[i]] = reinterpret_cast<Slot>(chain->handler);
    i += chain ? chain->length : 1;
  }
}

}  // namespace wherry::wasm::interp
