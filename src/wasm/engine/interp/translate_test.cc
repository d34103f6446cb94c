// What the translator keeps lazily, and where that could show. Combinations at large are the
// business of tests/differential.
#include "wasm/engine/module_for_test.h"

namespace wherry::wasm {
namespace {

using namespace writer;

std::string get(std::uint32_t local) { return op(Opcode::LocalGet, local); }
std::string set(std::uint32_t local) { return op(Opcode::LocalSet, local); }
const std::string kAdd = op(Opcode::I32Add);

class TranslateTest : public EngineTest {
 protected:
  // The number that a function of numbers answers.
  std::uint32_t run(const std::string& code, const std::vector<std::uint32_t>& numbers) {
    Values arguments;
    for (std::uint32_t number : numbers) arguments.push_back(Value::i32(number));
    Instance* instance =
        instantiate({.functions = {{"f", {std::vector(numbers.size(), kI32), {kI32}}, code},
                                   {"difference",
                                    {{kI32, kI32}, {kI32}},
                                    get(0) + get(1) + op(Opcode::I32Sub)}},
                     .memory_pages = 1,
                     .table = {1, 1}});
    return number(instance, "f", arguments);
  }
};

TEST_F(TranslateTest, ResultsMayBeParametersInAnotherOrder) {
  const ValType f64 = ValType::F64;
  const ValType v128 = ValType::V128;
  Instance* instance = instantiate(
      {.functions = {
           {"swap", {{kI32, kI64}, {kI64, kI32}}, get(1) + get(0)},
           {"rotate", {{kI32, f64, kI64}, {kI64, kI32, f64}}, get(2) + get(0) + get(1)},
           {"wide", {{v128, kI32}, {kI32, v128}}, get(1) + get(0)},
           {"twice", {{kI32, kI64}, {kI64, kI32, kI64, kI32}}, get(1) + get(0) + get(1) + get(0)},
           {"back",
            {{kI32, kI64}, {kI64, kI32}},
            get(0) + get(1) + op(Opcode::Call, 0) + op(Opcode::Call, 5)},
           {"swap back", {{kI64, kI32}, {kI64, kI32}}, get(0) + get(1)}}});
  const Value three = Value::i32(3);
  const Value four = Value::i64(4);
  Values found = values(instance, "swap", {three, four});
  EXPECT_EQ(found[0].as<std::uint64_t>(), 4u);
  EXPECT_EQ(found[1].as<std::uint32_t>(), 3u);
  found = values(instance, "rotate", {three, Value::f64(2.5), four});
  EXPECT_EQ(found[0].as<std::uint64_t>(), 4u);
  EXPECT_EQ(found[1].as<std::uint32_t>(), 3u);
  EXPECT_EQ(found[2].as<double>(), 2.5);
  const V128 bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  found = values(instance, "wide", {Value::v128(bytes), three});
  EXPECT_EQ(found[0].as<std::uint32_t>(), 3u);
  EXPECT_EQ(found[1].bits, bytes);
  found = values(instance, "twice", {three, four});
  EXPECT_EQ(found[2].as<std::uint64_t>(), 4u);
  EXPECT_EQ(found[3].as<std::uint32_t>(), 3u);
  found = values(instance, "back", {three, four});
  EXPECT_EQ(found[0].as<std::uint64_t>(), 4u);
  EXPECT_EQ(found[1].as<std::uint32_t>(), 3u);
}

// The arguments are sums, not computed yet; the index is in the accumulator they are computed in.
TEST_F(TranslateTest, IndexOfAnIndirectCallOutlivesItsArguments) {
  const std::string sum = get(0) + get(1) + kAdd;
  const std::string index = get(2) + i32_const(1) + op(Opcode::I32And);
  EXPECT_EQ(run(sum + i32_const(5) + index + op(Opcode::CallIndirect, 1, 0), {30, 12, 3}), 37u);
  EXPECT_EQ(run(i32_const(5) + sum + index + op(Opcode::CallIndirect, 1, 0), {1, 2, 3}), 2u);
}

TEST_F(TranslateTest, OlderValueOfALocalOutlivesItsChange) {
  const std::string step = get(0) + i32_const(1) + kAdd + set(0);
  EXPECT_EQ(run(get(0) + step + get(0) + op(Opcode::I32Mul), {6}), 42u);
  // In a sum, of two locals and of one twice.
  EXPECT_EQ(run(get(0) + get(1) + kAdd + step + get(0) + op(Opcode::I32Mul), {6, 1}), 49u);
  EXPECT_EQ(run(get(0) + get(0) + kAdd + step + get(0) + op(Opcode::I32Mul), {6}), 84u);
  // In one that the new value is made of.
  EXPECT_EQ(run(get(0) + get(1) + kAdd + op(Opcode::LocalTee, 0) + get(0) + kAdd, {6, 1}), 14u);
}

// The sum is put into its slot and is in the accumulator too; the result overwrites the slot alone.
TEST_F(TranslateTest, ResultIsNotTakenForWhatWasInItsSlot) {
  const std::string sum = get(0) + get(1) + kAdd;
  EXPECT_EQ(run(sum + op(Opcode::MemoryGrow, 0) + i32_const(10) + kAdd, {0, 0}), 11u);
  EXPECT_EQ(run(sum + op(Opcode::TableGet, 0) + op(Opcode::RefIsNull), {0, 0}), 0u);
}

TEST_F(TranslateTest, SumsOnBothSides) {
  const std::string left = get(0) + get(1) + kAdd;
  const std::string right = get(1) + i32_const(7) + kAdd;
  EXPECT_EQ(run(left + right + op(Opcode::I32Sub), {100, 20}), 93u);
  EXPECT_EQ(run(left + right + left + op(Opcode::Select), {100, 20}), 120u);
  EXPECT_EQ(run(left + right + i32_const(0) + op(Opcode::Select), {100, 20}), 27u);
  const std::string store = op(Opcode::I32Store, 0) + u32(4);
  const std::string load = op(Opcode::I32Load, 0) + u32(4);
  EXPECT_EQ(run(left + right + store + left + load, {100, 20}), 27u);
  EXPECT_EQ(run(right + left + store + right + load, {100, 20}), 120u);
}

TEST_F(TranslateTest, CountersComparedAsTheyAreStepped) {
  // Adds the counter up while it runs to the limit; the older value of it lies below.
  const std::string loop = op(Opcode::Loop) + byte(0x40) + get(0) + get(2) + kAdd + set(2) +
                           get(0) + i32_const(3) + kAdd + op(Opcode::LocalTee, 0);
  const std::string end = op(Opcode::BrIf, 0) + op(Opcode::End) + get(2);
  EXPECT_EQ(run(loop + get(1) + op(Opcode::I32LtS) + end, {0, 10, 0}), 18u);
  EXPECT_EQ(run(loop + i32_const(10) + op(Opcode::I32LtS) + end, {0, 0, 0}), 18u);
  EXPECT_EQ(run(loop + i32_const(10) + op(Opcode::I32GeS) + op(Opcode::I32Eqz) + end, {0, 0, 0}),
            18u);
  // To zero, from below, and against itself.
  EXPECT_EQ(run(loop + end, {static_cast<std::uint32_t>(-9), 0, 0}),
            static_cast<std::uint32_t>(-18));
  EXPECT_EQ(run(loop + get(0) + op(Opcode::I32LtS) + end, {5, 0, 0}), 5u);
}

}  // namespace
}  // namespace wherry::wasm
