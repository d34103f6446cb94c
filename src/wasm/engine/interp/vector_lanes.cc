// Single lanes of a vector: taken out, put in, loaded, stored; and their rearrangement.
#include "wasm/engine/interp/lanes.h"
#include "wasm/engine/interp/vector.h"

namespace wherry::wasm::interp {
namespace {

template <Dest dest>
WHERRY_HANDLER_CC void shuffle_op(WHERRY_HANDLER_PARAMETERS) {
  const Vec lanes = get_slot<Vec>(pc, 2);
  const Vec a = get_slot<Vec>(fp, a_of(pc));
  const Vec b = get_slot<Vec>(fp, b_of(pc));
  put<Vec, dest>(pc, fp, acc, vacc, shuffle(a, b, lanes));
  WHERRY_NEXT(4);
}

template <Dest dest>
WHERRY_HANDLER_CC void bitselect(WHERRY_HANDLER_PARAMETERS) {
  const Vec a = get_slot<Vec>(fp, a_of(pc));
  const Vec b = get_slot<Vec>(fp, b_of(pc));
  const Vec mask = get_slot<Vec>(fp, c_of(pc));
  put<Vec, dest>(pc, fp, acc, vacc, (a & mask) | (b & ~mask));
  WHERRY_NEXT(2);
}

template <typename Lane, typename Result, Dest dest>
WHERRY_HANDLER_CC void extract_lane(WHERRY_HANDLER_PARAMETERS) {
  Lane lane;
  std::memcpy(&lane, reinterpret_cast<const char*>(fp + a_of(pc)) + imm_of(pc), sizeof lane);
  put<Result, dest>(pc, fp, acc, vacc, static_cast<Result>(lane));
  WHERRY_NEXT(2);
}

// The vector with `bytes` of a scalar at a byte offset.
template <int bytes>
inline Vec with_lane(Vec vector, std::int64_t offset, const void* scalar) {
  char raw[sizeof(Vec)];
  std::memcpy(raw, &vector, sizeof raw);
  std::memcpy(raw + offset, scalar, bytes);
  std::memcpy(&vector, raw, sizeof raw);
  return vector;
}

template <int bytes, Dest dest>
WHERRY_HANDLER_CC void replace_lane(WHERRY_HANDLER_PARAMETERS) {
  const Vec vector = with_lane<bytes>(get_slot<Vec>(fp, a_of(pc)), c_of(pc), fp + b_of(pc));
  put<Vec, dest>(pc, fp, acc, vacc, vector);
  WHERRY_NEXT(2);
}

template <int bytes, Dest dest>
WHERRY_HANDLER_CC void load_lane(WHERRY_HANDLER_PARAMETERS) {
  WHERRY_MAY_FAULT();
  const std::uint8_t* at = mem + get_slot<u32>(fp, a_of(pc)) + pc[2];
  const Vec vector = with_lane<bytes>(get_slot<Vec>(fp, b_of(pc)), c_of(pc), at);
  put<Vec, dest>(pc, fp, acc, vacc, vector);
  WHERRY_NEXT(3);
}

template <int bytes>
WHERRY_HANDLER_CC void store_lane(WHERRY_HANDLER_PARAMETERS) {
  WHERRY_MAY_FAULT();
  std::memcpy(mem + get_slot<u32>(fp, a_of(pc)) + pc[2],
              reinterpret_cast<const char*>(fp + b_of(pc)) + c_of(pc), bytes);
  WHERRY_NEXT(3);
}

}  // namespace

const Handler kShuffle[2] = {&shuffle_op<Dest::ToAcc>, &shuffle_op<Dest::ToSlot>};
const Handler kBitselect[2] = {&bitselect<Dest::ToAcc>, &bitselect<Dest::ToSlot>};

#define WHERRY_EXTRACT(lane, result) \
  {&extract_lane<lane, result, Dest::ToAcc>, &extract_lane<lane, result, Dest::ToSlot>}
const Handler kExtractLane[static_cast<int>(LaneType::Count)][2] = {
    WHERRY_EXTRACT(i8, u32),      WHERRY_EXTRACT(u8, u32),       WHERRY_EXTRACT(i16, u32),
    WHERRY_EXTRACT(u16, u32),     WHERRY_EXTRACT(u32, u32),      WHERRY_EXTRACT(u64, u64),
    WHERRY_EXTRACT(float, float), WHERRY_EXTRACT(double, double)};
#undef WHERRY_EXTRACT

#define WHERRY_BY_WIDTH(handler)                                 \
  {                                                              \
    {&handler<1, Dest::ToAcc>, &handler<1, Dest::ToSlot>},       \
        {&handler<2, Dest::ToAcc>, &handler<2, Dest::ToSlot>},   \
        {&handler<4, Dest::ToAcc>, &handler<4, Dest::ToSlot>}, { \
      &handler<8, Dest::ToAcc>, &handler<8, Dest::ToSlot>        \
    }                                                            \
  }
const Handler kReplaceLane[4][2] = WHERRY_BY_WIDTH(replace_lane);
const Handler kLoadLane[4][2] = WHERRY_BY_WIDTH(load_lane);
#undef WHERRY_BY_WIDTH
const Handler kStoreLane[4] = {&store_lane<1>, &store_lane<2>, &store_lane<4>, &store_lane<8>};

}  // namespace wherry::wasm::interp
