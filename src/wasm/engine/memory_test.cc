#include "wasm/engine/memory.h"

#include <algorithm>

#include "base/error.h"
#include "wasm/engine/module_for_test.h"

namespace wherry::wasm {
namespace {

using namespace writer;

std::string get(std::uint32_t local) { return op(Opcode::LocalGet, local); }
std::string access(Opcode opcode, std::uint32_t offset) { return op(opcode, 0) + u32(offset); }

class MemoryTest : public EngineTest {
 protected:
  // Loads through each way to an address: a local, a sum of locals, a local and a constant, a value.
  static std::vector<ModuleForTest::Body> loads(std::string name, Opcode opcode, ValType type,
                                                std::uint32_t offset) {
    const std::string load = access(opcode, offset);
    const std::string zero = i32_const(0) + op(Opcode::I32Sub);
    return {{name + " local", {{kI32}, {type}}, get(0) + load},
            {name + " sum", {{kI32, kI32}, {type}}, get(0) + get(1) + op(Opcode::I32Add) + load},
            {name + " value", {{kI32}, {type}}, get(0) + zero + load}};
  }
};

class SmallMemoryTest : public EngineTest {
 protected:
  SmallMemoryTest() : EngineTest({.max_memory_pages = 2}) {}
};

TEST_F(MemoryTest, EndsAfterItsLastByte) {
  std::vector<ModuleForTest::Body> functions;
  const struct {
    std::string name;
    Opcode opcode;
    ValType type;
    std::uint32_t size;
  } kinds[] = {{"8", Opcode::I32Load8U, kI32, 1},       {"16", Opcode::I32Load16S, kI32, 2},
               {"32", Opcode::I32Load, kI32, 4},        {"64", Opcode::I64Load, kI64, 8},
               {"f", Opcode::F64Load, ValType::F64, 8}, {"v", Opcode::V128Load, ValType::V128, 16}};
  for (const auto& kind : kinds) {
    for (ModuleForTest::Body& body : loads(kind.name, kind.opcode, kind.type, 100)) {
      functions.push_back(std::move(body));
    }
  }
  Instance* instance = instantiate({.functions = functions, .memory_pages = 1});
  for (const auto& kind : kinds) {
    const std::uint32_t last = 65536 - kind.size - 100;
    const Value fits = Value::i32(last);
    const Value beyond = Value::i32(last + 1);
    EXPECT_EQ(values(instance, kind.name + " local", {fits}).size(), 1u);
    EXPECT_EQ(values(instance, kind.name + " value", {fits}).size(), 1u);
    EXPECT_EQ(values(instance, kind.name + " sum", {fits, Value::i32(0)}).size(), 1u);
    EXPECT_EQ(trap(instance, kind.name + " local", {beyond}).kind, TrapKind::OutOfBoundsMemory);
    EXPECT_EQ(trap(instance, kind.name + " value", {beyond}).kind, TrapKind::OutOfBoundsMemory);
    EXPECT_EQ(trap(instance, kind.name + " sum", {fits, Value::i32(1)}).kind,
              TrapKind::OutOfBoundsMemory);
  }
}

TEST_F(MemoryTest, OffsetsDoNotWrapAndSumsDo) {
  std::vector<ModuleForTest::Body> functions = loads("near", Opcode::V128Load, ValType::V128, 0);
  for (ModuleForTest::Body& body : loads("far", Opcode::V128Load, ValType::V128, 0xffffffff)) {
    functions.push_back(std::move(body));
  }
  const std::string add = op(Opcode::I32Add);
  functions.push_back(
      {"beside", {{kI32}, {kI32}}, get(0) + i32_const(16) + add + access(Opcode::I32Load8U, 0)});
  functions.push_back(
      {"const", {{}, {kI32}}, i32_const(-1) + access(Opcode::I32Load8U, 0xffffffff)});
  functions.push_back({"const wraps", {{}, {kI32}}, i32_const(-1) + access(Opcode::I32Load8U, 1)});
  functions.push_back({"beside far",
                       {{kI32}, {kI32}},
                       get(0) + i32_const(16) + add + access(Opcode::I32Load8U, 0xfffffff0)});
  functions.push_back({"sum far",
                       {{kI32, kI32}, {kI32}},
                       get(0) + get(1) + add + access(Opcode::I32Load8U, 0x10000)});
  Instance* instance =
      instantiate({.functions = functions, .memory_pages = 1, .memory_bytes = "abcdefgh"});
  const Value most = Value::i32(0xffffffff);
  for (std::string_view name : {"near local", "near value", "far local", "far value"}) {
    EXPECT_EQ(trap(instance, name, {most}).kind, TrapKind::OutOfBoundsMemory) << name;
  }
  // 0xffffffff + 2 is 1, before the offset is added.
  EXPECT_EQ(values(instance, "near sum", {most, Value::i32(2)})[0].bits[0], 'b');
  EXPECT_EQ(trap(instance, "far sum", {most, Value::i32(2)}).kind, TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(trap(instance, "far sum", {most, Value::i32(0)}).kind, TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(number(instance, "beside", {Value::i32(0xfffffff2)}), std::uint32_t{'c'});
  EXPECT_EQ(trap(instance, "beside far", {Value::i32(0)}).kind, TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(trap(instance, "const").kind, TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(trap(instance, "const wraps").kind, TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(trap(instance, "sum far", {Value::i32(0), Value::i32(0)}).kind,
            TrapKind::OutOfBoundsMemory);
}

TEST_F(MemoryTest, StoresBeyondTheEndWriteNothing) {
  Instance* instance = instantiate(
      {.functions = {{"store", {{kI32}, {}}, get(0) + i64_const(-1) + access(Opcode::I64Store, 0)},
                     {"fill",
                      {{kI32}, {}},
                      get(0) + i32_const(1) + i32_const(8) + op(Opcode::MemoryFill) + byte(0)}},
       .memory_pages = 1});
  for (std::uint32_t at = 65536 - 7; at < 65536; ++at) {
    EXPECT_EQ(trap(instance, "store", {Value::i32(at)}).kind, TrapKind::OutOfBoundsMemory);
    EXPECT_EQ(trap(instance, "fill", {Value::i32(at)}).kind, TrapKind::OutOfBoundsMemory);
  }
  const std::uint8_t* bytes = memory(instance)->base();
  EXPECT_TRUE(std::all_of(bytes, bytes + 65536, [](std::uint8_t each) { return each == 0; }));
  EXPECT_TRUE(values(instance, "store", {Value::i32(65528)}).empty());
  EXPECT_EQ(bytes[65535], 0xff);
}

TEST_F(MemoryTest, EmptyOneHasNoByte) {
  Instance* instance =
      instantiate({.functions = loads("load", Opcode::I32Load8U, kI32, 0), .memory_pages = 0});
  EXPECT_EQ(trap(instance, "load local", {Value::i32(0)}).kind, TrapKind::OutOfBoundsMemory);
}

const std::string kGrow = get(0) + op(Opcode::MemoryGrow) + byte(0);

TEST_F(SmallMemoryTest, GrowsToTheCapOnly) {
  Instance* instance =
      instantiate({.functions = {{"grow", {{kI32}, {kI32}}, kGrow},
                                 {"load", {{kI32}, {kI32}}, get(0) + access(Opcode::I32Load8U, 0)}},
                   .memory_pages = 1});
  EXPECT_EQ(trap(instance, "load", {Value::i32(65536)}).kind, TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(number(instance, "grow", {Value::i32(2)}), 0xffffffffu);
  EXPECT_EQ(number(instance, "grow", {Value::i32(0xffffffff)}), 0xffffffffu);
  EXPECT_EQ(number(instance, "grow", {Value::i32(1)}), 1u);
  EXPECT_EQ(number(instance, "grow", {Value::i32(1)}), 0xffffffffu);
  EXPECT_EQ(number(instance, "grow", {Value::i32(0)}), 2u);
  EXPECT_EQ(number(instance, "load", {Value::i32(131071)}), 0u);
  EXPECT_EQ(trap(instance, "load", {Value::i32(131072)}).kind, TrapKind::OutOfBoundsMemory);
}

TEST_F(SmallMemoryTest, InstantiationAboveTheCapIsRefused) {
  EXPECT_NE(instantiate({.memory_pages = 2}), nullptr);
  try {
    try_instantiate({.memory_pages = 3});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::ResourceExhausted);
    EXPECT_STREQ(error.what(), "memory of 3 pages is above the limit of 2 pages");
  }
}

}  // namespace
}  // namespace wherry::wasm
