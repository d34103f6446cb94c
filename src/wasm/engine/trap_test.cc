#include "wasm/engine/trap.h"

#include "wasm/engine/module_for_test.h"

namespace wherry::wasm {
namespace {

using namespace writer;

class TrapTest : public EngineTest {};

std::vector<std::string> names(const Trap& trap) {
  std::vector<std::string> list;
  for (const TrapFrame& frame : trap.backtrace) list.push_back(frame.name);
  return list;
}

std::string get(std::uint32_t local) { return op(Opcode::LocalGet, local); }

TEST_F(TrapTest, CarriesKindAndFramesInnermostFirst) {
  Instance* instance = instantiate(
      {.functions = {{"divide", {{kI32, kI32}, {kI32}}, get(0) + get(1) + op(Opcode::I32DivS)},
                     {"middle", {{kI32}, {kI32}}, i32_const(7) + get(0) + op(Opcode::Call, 0)},
                     {"_start", {{kI32}, {}}, get(0) + op(Opcode::Call, 1) + op(Opcode::Drop)}}});
  const Trap found = trap(instance, "_start", {Value::i32(0)});
  EXPECT_EQ(found.kind, TrapKind::IntegerDivideByZero);
  EXPECT_EQ(found.omitted, 0u);
  EXPECT_EQ(to_string(found),
            "trap: integer divide by zero\n"
            "  at divide (function 0)\n"
            "  at middle (function 1)\n"
            "  at _start (function 2)");
  EXPECT_TRUE(values(instance, "_start", {Value::i32(3)}).empty());
}

TEST_F(TrapTest, FaultsCarryFramesToo) {
  const std::string load = op(Opcode::I32Load, 2) + u32(0);
  Instance* instance =
      instantiate({.functions = {{"peek", {{kI32}, {kI32}}, get(0) + load},
                                 {"main", {{kI32}, {kI32}}, get(0) + op(Opcode::Call, 0)}},
                   .memory_pages = 1});
  const Trap found = trap(instance, "main", {Value::i32(0x10000)});
  EXPECT_EQ(found.kind, TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(names(found), (std::vector<std::string>{"peek", "main"}));
}

// What an optimiser would make vectors of, or leave out.
TEST_F(TrapTest, LoopsFaultWhereMemoryEnds) {
  auto loop = [](const std::string& each) {
    return op(Opcode::Loop) + byte(0x40) + each + get(0) + i32_const(4) + op(Opcode::I32Add) +
           op(Opcode::LocalTee, 0) + i32_const(0x10100) + op(Opcode::I32Ne) + op(Opcode::BrIf, 0) +
           op(Opcode::End);
  };
  const std::string load = get(0) + op(Opcode::I32Load, 2) + u32(0);
  const std::string store = op(Opcode::I32Store, 2) + u32(0);
  const std::string sum = load + get(1) + op(Opcode::I32Add) + op(Opcode::LocalSet, 1);
  const FuncType type{{kI32, kI32}, {kI32}};
  Instance* instance = instantiate(
      {.functions = {{"fill", type, loop(get(0) + get(1) + store) + get(1)},
                     {"add", type,
                      loop(get(0) + load + get(1) + op(Opcode::I32Add) + store) + get(1)},
                     {"sum", type, loop(sum) + get(1)},
                     {"sum for nothing", type, loop(sum) + i32_const(7)}},
       .memory_pages = 1});
  for (const char* name : {"fill", "add", "sum", "sum for nothing"}) {
    const Trap found = trap(instance, name, {Value::i32(0), Value::i32(1)});
    EXPECT_EQ(found.kind, TrapKind::OutOfBoundsMemory) << name;
    EXPECT_EQ(names(found), (std::vector<std::string>{name}));
  }
}

TEST_F(TrapTest, NamesEveryKindOfArithmetic) {
  const std::string minimum = i32_const(INT32_MIN);
  const std::string not_a_number = op(Opcode::F32Const) + std::string("\0\0\xc0\x7f", 4);
  Instance* instance = instantiate(
      {.functions = {
           {"unreachable", {}, op(Opcode::Unreachable)},
           {"overflow", {{}, {kI32}}, minimum + i32_const(-1) + op(Opcode::I32DivS)},
           {"remainder", {{}, {kI32}}, minimum + i32_const(-1) + op(Opcode::I32RemS)},
           {"rem by zero", {{}, {kI64}}, i64_const(1) + i64_const(0) + op(Opcode::I64RemU)},
           {"convert", {{}, {kI32}}, not_a_number + op(Opcode::I32TruncF32S)}}});
  EXPECT_EQ(trap(instance, "unreachable").kind, TrapKind::Unreachable);
  EXPECT_EQ(trap(instance, "overflow").kind, TrapKind::IntegerOverflow);
  EXPECT_EQ(number(instance, "remainder"), 0u);
  EXPECT_EQ(trap(instance, "rem by zero").kind, TrapKind::IntegerDivideByZero);
  EXPECT_EQ(trap(instance, "convert").kind, TrapKind::InvalidConversion);
}

TEST_F(TrapTest, IndirectCallsTellWhatTheTableLacks) {
  Instance* instance = instantiate(
      {.functions = {{"one", {{}, {kI32}}, i32_const(1)},
                     {"wide", {{}, {kI64}}, i64_const(2)},
                     {"call", {{kI32}, {kI32}}, get(0) + op(Opcode::CallIndirect, 0, 0)}},
       .table = {0, 1}});
  EXPECT_EQ(number(instance, "call", {Value::i32(0)}), 1u);
  EXPECT_EQ(trap(instance, "call", {Value::i32(1)}).kind, TrapKind::IndirectCallTypeMismatch);
  EXPECT_EQ(trap(instance, "call", {Value::i32(2)}).kind, TrapKind::UninitializedElement);
  EXPECT_EQ(trap(instance, "call", {Value::i32(4)}).kind, TrapKind::UndefinedElement);
  EXPECT_EQ(names(trap(instance, "call", {Value::i32(0xffffffff)})),
            std::vector<std::string>{"call"});
}

TEST_F(TrapTest, DeepRecursionLeavesTheStoreUsable) {
  Instance* instance =
      instantiate({.functions = {{"forever", {{kI32}, {kI32}}, get(0) + op(Opcode::Call, 0)},
                                 {"main", {{}, {kI32}}, i32_const(5) + op(Opcode::Call, 0)},
                                 {"three", {{}, {kI32}}, i32_const(3)}}});
  for (int i = 0; i < 3; ++i) {
    const Trap found = trap(instance, "main");
    EXPECT_EQ(found.kind, TrapKind::StackExhausted);
    EXPECT_GT(found.omitted, 1000u);
    ASSERT_LT(found.backtrace.size(), 100u);
    EXPECT_EQ(found.backtrace.front().name, "forever");
    EXPECT_EQ(found.backtrace.back().name, "main");
    EXPECT_NE(to_string(found).find("more frames"), std::string::npos);
    EXPECT_EQ(number(instance, "three"), 3u);
  }
}

TEST_F(TrapTest, StartFunctionsAndSegmentsTrapWhileInstantiating) {
  const Store::Instantiated started =
      try_instantiate({.functions = {{"init", {}, op(Opcode::Unreachable)}}, .start = 0});
  ASSERT_TRUE(started.trap);
  EXPECT_EQ(started.trap->kind, TrapKind::Unreachable);
  EXPECT_EQ(names(*started.trap), std::vector<std::string>{"init"});

  const Store::Instantiated filled = try_instantiate(
      {.functions = {{"two", {{}, {kI32}}, i32_const(2)}}, .memory_pages = 0, .memory_bytes = "x"});
  ASSERT_TRUE(filled.trap);
  EXPECT_EQ(filled.trap->kind, TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(number(filled.instance, "two"), 2u);
}

}  // namespace
}  // namespace wherry::wasm
