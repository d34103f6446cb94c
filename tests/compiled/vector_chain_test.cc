// Loops of vectors that are made of the ones before: compiled, some of them are in scalars. The interpreter says
// what comes out.
#include <fmt/format.h>

#include <random>

#include "compiled/in_memory.h"
#include "wasm/engine/module_for_test.h"

namespace wherry::wasm {
namespace {

using namespace writer;

constexpr std::uint32_t kVectors = 4;  // the first parameters; then the count, then a sum
constexpr std::uint32_t kCount = kVectors;
constexpr std::uint32_t kSum = kVectors + 1;

class VectorChainTest : public EngineTest {
 protected:
  std::string get(std::uint32_t local) { return op(Opcode::LocalGet, local); }
  std::string any() { return get(static_cast<std::uint32_t>(random_() % kVectors)); }

  // Its operand is on the stack.
  std::string rotated(std::uint32_t spare) {
    const auto by = static_cast<std::int32_t>(1 + random_() % 31);
    return op(Opcode::LocalTee, spare) + i32_const(by) + op(Opcode::I32x4Shl) + get(spare) +
           i32_const(32 - by) + op(Opcode::I32x4ShrU) + op(Opcode::V128Or);
  }

  // Two operands are on the stack. Now and then words are taken apart.
  std::string shuffled() {
    std::string code = op(Opcode::I8x16Shuffle);
    const unsigned unit = random_() % 8 == 0 ? 2 : 4;
    for (unsigned i = 0; i < 16 / unit; ++i) {
      const unsigned from = random_() % (32 / unit);
      for (unsigned k = 0; k < unit; ++k) code += byte(from * unit + k);
    }
    return code;
  }

  std::string step(std::uint32_t spare) {
    static constexpr Opcode kBinary[] = {Opcode::I32x4Add, Opcode::I32x4Sub, Opcode::I32x4Mul,
                                         Opcode::V128Xor,  Opcode::V128And,  Opcode::V128Or};
    switch (random_() % 8) {
      case 0:
      case 1:
        return rotated(spare);
      case 2:
        return any() + shuffled();
      case 3:
        return i32_const(static_cast<std::int32_t>(random_() % 40)) + op(Opcode::I32x4ShrS);
      case 4:
        return op(Opcode::LocalTee, spare) + op(Opcode::I32x4ExtractLane) + byte(random_() % 4) +
               get(kSum) + op(Opcode::I32Add) + op(Opcode::LocalSet, kSum) + get(spare);
      default:
        return any() + op(kBinary[random_() % std::size(kBinary)]);
    }
  }

  // Each vector is made of the last one that was; after the loop all of them are there, and the sum.
  ModuleForTest module() {
    const std::uint32_t spare = kSum + 1;
    std::string loop;
    std::uint32_t last = 0;
    const unsigned vectors = 1 + random_() % kVectors;
    for (unsigned i = 0; i < 3 + random_() % 12; ++i) {
      std::string made = get(last);
      for (unsigned k = 0; k < 1 + random_() % 3; ++k) made += step(spare);
      last = random_() % vectors;
      loop += made + op(Opcode::LocalSet, last);
    }
    std::string code = op(Opcode::Loop) + byte(0x40) + loop + get(kCount) + i32_const(1) +
                       op(Opcode::I32Sub) + op(Opcode::LocalTee, kCount) + op(Opcode::BrIf, 0) +
                       op(Opcode::End);
    FuncType type{.params = std::vector<ValType>(kVectors, ValType::V128)};
    type.params.push_back(kI32);
    type.results = type.params;
    for (std::uint32_t i = 0; i < kVectors; ++i) code += get(i);
    return {.functions = {
                {.name = "f",
                 .type = type,
                 .code = code + get(kSum),
                 .locals = {u32(1) + writer::type(kI32), u32(1) + writer::type(ValType::V128)}}}};
  }

  std::mt19937 random_;
};

TEST_F(VectorChainTest, ComesToTheSameCompiled) {
  auto* const before = code_for_test;
  for (unsigned seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    random_.seed(seed);
    const ModuleForTest built = module();
    Values arguments;
    for (std::uint32_t i = 0; i < kVectors; ++i) {
      V128 bytes;
      for (std::uint8_t& each : bytes) each = static_cast<std::uint8_t>(random_());
      arguments.push_back(Value::v128(bytes));
    }
    arguments.push_back(Value::i32(1 + random_() % 20));
    code_for_test = nullptr;
    const Values expected = values(instantiate(built), "f", arguments);
    code_for_test = [](const Module& module) {
      return compile_in_memory(module, HowCompiled::Whole);
    };
    const Values found = values(instantiate(built), "f", arguments);
    ASSERT_EQ(found.size(), expected.size());
    for (std::uint32_t i = 0; i < kVectors; ++i) EXPECT_EQ(found[i].bits, expected[i].bits) << i;
    EXPECT_EQ(found[kVectors].as<std::uint32_t>(), expected[kVectors].as<std::uint32_t>());
  }
  code_for_test = before;
}

}  // namespace
}  // namespace wherry::wasm
