// Modules of loops over arrays in memory: what a compiler makes vector code of. Some arrays overlap, some loops
// run off the end of the memory.
#include <array>

#include "differential/body.h"
#include "differential/generate.h"
#include "wasm/format/module_writer.h"

namespace wherry::differential {

using namespace wasm;
using namespace wasm::writer;

namespace {

constexpr std::uint32_t kMemory = 65536;
constexpr std::uint32_t kFunctions = 6;
// Locals: the index, the end, sums of each type.
enum Local : std::uint32_t { kIndex, kEnd, kSum, kWideSum };

struct Access {
  Opcode load, store;
  std::uint32_t bytes;
};
constexpr std::array<Access, 5> kNarrow = {{{Opcode::I32Load, Opcode::I32Store, 4},
                                            {Opcode::I32Load8U, Opcode::I32Store8, 1},
                                            {Opcode::I32Load8S, Opcode::I32Store8, 1},
                                            {Opcode::I32Load16U, Opcode::I32Store16, 2},
                                            {Opcode::I32Load16S, Opcode::I32Store16, 2}}};
constexpr Access kWide = {Opcode::I64Load, Opcode::I64Store, 8};

constexpr Opcode kBinary[] = {Opcode::I32Add,  Opcode::I32Sub, Opcode::I32Mul, Opcode::I32And,
                              Opcode::I32Or,   Opcode::I32Xor, Opcode::I32Shl, Opcode::I32ShrU,
                              Opcode::I32ShrS, Opcode::I32Rotl};
constexpr Opcode kWideBinary[] = {Opcode::I64Add, Opcode::I64Sub, Opcode::I64Mul,
                                  Opcode::I64And, Opcode::I64Xor, Opcode::I64ShrU};
constexpr Opcode kCompare[] = {Opcode::I32LtS, Opcode::I32LtU, Opcode::I32GtS,
                               Opcode::I32GeU, Opcode::I32Eq,  Opcode::I32Ne};

class Loops {
 public:
  // ends: all accesses stay inside of the memory.
  Loops(Random& random, bool ends) : random_(random), ends_(ends) {}

  std::string generate() {
    for (std::uint32_t left = 1 + random_.below(3); left > 0; --left) loop();
    emit(op(Opcode::LocalGet, kWideSum) + op(Opcode::I32WrapI64) + op(Opcode::LocalGet, kSum));
    emit(op(Opcode::I32Xor) + op(Opcode::End));
    return writer::vector({u32(3) + type(ValType::I32), u32(1) + type(ValType::I64)}) + code_;
  }

 private:
  void emit(std::string_view code) { code_ += code; }
  template <std::size_t N>
  std::string one_of(const Opcode (&opcodes)[N]) {
    return op(opcodes[random_.below(N)]);
  }

  void loop() {
    wide_ = random_.chance(30);
    access_ = wide_ ? kWide : kNarrow[random_.below(kNarrow.size())];
    const std::uint32_t rounds = random_.chance(30) ? random_.below(9) : random_.below(300);
    const std::uint32_t step = access_.bytes * (random_.chance(75) ? 1 : 1 + random_.below(3));
    // The arrays' places are offsets: near each other, so that they overlap, or near the memory's end.
    const std::uint32_t length = rounds * step;
    const std::uint32_t room = kMemory - length - 64;
    base_ =
        ends_ || random_.chance(30) ? random_.below(room) : kMemory - random_.below(length + 16);
    const bool down = ends_ && random_.chance(20);
    const auto first = static_cast<std::int32_t>(down ? length : 0);
    emit(i32_const(first) + op(Opcode::LocalSet, kIndex));
    // An end that the compiler does not know.
    const std::uint32_t end = down ? 0 : length;
    emit(i32_const(static_cast<std::int32_t>(end)) + op(Opcode::LocalGet, kEnd));
    emit(op(Opcode::I32Add) + op(Opcode::LocalSet, kEnd));
    emit(op(Opcode::Block) + byte(0x40));
    emit(op(Opcode::LocalGet, kIndex) + op(Opcode::LocalGet, kEnd) + op(Opcode::I32Eq));
    emit(op(Opcode::BrIf, 0) + op(Opcode::Loop) + byte(0x40));
    for (std::uint32_t left = 1 + random_.below(2); left > 0; --left) statement();
    emit(op(Opcode::LocalGet, kIndex) + i32_const(static_cast<std::int32_t>(step)));
    emit(op(down ? Opcode::I32Sub : Opcode::I32Add) + op(Opcode::LocalTee, kIndex));
    emit(op(Opcode::LocalGet, kEnd) + op(Opcode::I32Ne) + op(Opcode::BrIf, 0));
    emit(op(Opcode::End) + op(Opcode::End));
    emit(i32_const(0) + op(Opcode::LocalSet, kEnd));
  }

  std::string place() { return u32(0) + u32(base_ + random_.below(8) * access_.bytes); }
  void load() { emit(op(Opcode::LocalGet, kIndex) + op(access_.load) + place()); }

  void operand() {
    if (random_.chance(65)) return load();
    if (random_.chance(50)) {
      const auto bits = static_cast<std::int32_t>(random_.bits() >> random_.below(60));
      return emit(wide_ ? i64_const(bits) : i32_const(bits));
    }
    emit(op(Opcode::LocalGet, kIndex));
    if (wide_) emit(op(Opcode::I64ExtendI32U));
  }

  void value() {
    operand();
    for (std::uint32_t left = random_.below(3); left > 0; --left) {
      operand();
      emit(wide_ ? one_of(kWideBinary) : one_of(kBinary));
    }
    if (!wide_ && random_.chance(15)) {
      emit(op(Opcode::F64ConvertI32S) + op(Opcode::F64Const));
      emit(std::string("\0\0\0\0\0\0\xf8\x3f", 8) + op(Opcode::F64Mul) +
           op(Opcode::I32TruncSatF64S));
    }
    if (!wide_ && random_.chance(25)) {
      operand();
      operand();
      operand();
      emit(one_of(kCompare) + op(Opcode::Select));
    }
  }

  void statement() {
    const bool guarded = random_.chance(25);
    if (guarded) {
      emit(op(Opcode::LocalGet, kIndex) + op(Opcode::I32Load8U) + u32(0) + u32(base_));
      emit(i32_const(static_cast<std::int32_t>(random_.below(256))) + one_of(kCompare));
      emit(op(Opcode::If) + byte(0x40));
    }
    if (random_.chance(35)) {
      const std::uint32_t sum = wide_ ? kWideSum : kSum;
      emit(op(Opcode::LocalGet, sum));
      value();
      emit(wide_ ? one_of(kWideBinary) : one_of(kBinary));
      emit(op(Opcode::LocalSet, sum));
    } else {
      emit(op(Opcode::LocalGet, kIndex));
      value();
      emit(op(access_.store) + place());
    }
    if (guarded) emit(op(Opcode::End));
  }

  Random& random_;
  bool ends_;
  std::string code_;
  bool wide_ = false;
  Access access_ = kWide;
  std::uint32_t base_ = 0;
};

}  // namespace

std::string generate_arrays(std::uint64_t seed) {
  Random random(seed);
  const FuncType result{{}, {ValType::I32}};
  std::vector<std::string> functions = {u32(1)}, bodies, exports, data;
  bodies.push_back(body({}, op(Opcode::LocalGet, 0) + op(Opcode::GlobalSet, 0)));
  exports = {sized("refuel") + byte(0) + u32(0), sized("memory") + byte(2) + u32(0),
             sized("g1") + byte(3) + u32(0), sized("g2") + byte(3) + u32(1)};
  for (std::uint32_t i = 1; i <= kFunctions; ++i) {
    const bool ends = i % 3 != 0;
    functions.push_back(u32(0));
    exports.push_back(sized((ends ? "f" : "x") + std::to_string(i) + "::i") + byte(0) + u32(i));
    bodies.push_back(sized(Loops(random, ends).generate()));
  }
  std::string bytes;
  for (std::uint32_t at = 0; at < kMemory; at += 8) {
    const std::uint64_t bits = random.bits() >> random.below(64);
    bytes.append(reinterpret_cast<const char*>(&bits), 8);
  }
  data.push_back(byte(0) + i32_const(0) + op(Opcode::End) + sized(bytes));
  return header() +
         section(1, vector({function_type(result), function_type({{ValType::I32}, {}})})) +
         section(3, vector(functions)) + section(5, u32(1) + byte(1) + u32(1) + u32(1)) +
         section(6, vector({type(ValType::I32) + byte(1) + i32_const(0) + op(Opcode::End),
                            type(ValType::I64) + byte(1) + i64_const(0) + op(Opcode::End)})) +
         section(7, vector(exports)) + section(10, vector(bodies)) + section(11, vector(data));
}

}  // namespace wherry::differential
