// Imports, and calls from one instance to another.
#include "base/error.h"
#include "wasm/engine/module_for_test.h"

namespace wherry::wasm {
namespace {

using namespace writer;

std::string get(std::uint32_t local) { return op(Opcode::LocalGet, local); }
std::string load(std::uint32_t address) {
  return i32_const(static_cast<std::int32_t>(address)) + op(Opcode::I32Load, 0) + u32(0);
}

class InstantiateTest : public EngineTest {
 protected:
  void expect_refused(const ModuleForTest& module, const Provided& provided,
                      std::string_view message) {
    try {
      try_instantiate(module, provided);
      ADD_FAILURE() << "not refused: " << message;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::FailedPrecondition);
      EXPECT_EQ(error.what(), message);
    }
  }
};

TEST_F(InstantiateTest, NamesMissingImports) {
  expect_refused({.imported_functions = {{{kI32}, {kI64}}}}, {},
                 "unknown import: 'env.host0' (function (i32) -> (i64)) is provided by nobody");
  expect_refused({.imports = {{"mem", byte(2) + byte(1) + u32(1) + u32(4)}}}, {},
                 "unknown import: 'env.mem' (memory of 1 to 4 pages) is provided by nobody");
}

TEST_F(InstantiateTest, NamesImportsOfAnotherType) {
  Function* none =
      store_.host_function({}, [](void*, HostCall&) { return TrapKind::None; }, nullptr);
  Memory* pages = store_.new_memory({.limits = {.min = 1, .max = 8}});
  Global* constant = store_.new_global({.type = kI32}, Value::i32(1));
  expect_refused(
      {.imported_functions = {{{kI32}, {}}}}, {{"host0", none}},
      "incompatible import type: 'env.host0' is wanted as function (i32) -> (), provided "
      "as function () -> ()");
  expect_refused(
      {.imported_functions = {{}}}, {{"host0", pages}},
      "incompatible import type: 'env.host0' is wanted as function () -> (), provided as "
      "memory of 1 to 8 pages");
  expect_refused(
      {.imports = {{"mem", byte(2) + byte(1) + u32(1) + u32(4)}}}, {{"mem", pages}},
      "incompatible import type: 'env.mem' is wanted as memory of 1 to 4 pages, provided "
      "as memory of 1 to 8 pages");
  expect_refused({.imports = {{"g", byte(3) + type(kI32) + byte(1)}}}, {{"g", constant}},
                 "incompatible import type: 'env.g' is wanted as mutable global i32, provided as "
                 "constant global i32");
}

// Each instance has a memory of its own; which one is in use must change with every call across.
class TwoMemoriesTest : public InstantiateTest {
 protected:
  TwoMemoriesTest() {
    const FuncType poke = {{kI32, kI32}, {}};
    const FuncType peek = {{}, {kI32}};
    const std::string store = get(0) + get(1) + op(Opcode::I32Store, 0) + u32(0);
    lower_ = instantiate({.functions = {{"peek", peek, load(0)},
                                        {"poke", poke, store},
                                        {"fail", peek, load(0xfffffffc)}},
                          .memory_pages = 1,
                          .memory_bytes = "AAAA"});
    const std::string both = load(0);
    const std::string index =
        i32_const(0) + op(Opcode::I32Load8U, 0) + u32(0) + i32_const(0x42) + op(Opcode::I32Sub);
    const FuncType pair = {{}, {kI32, kI32, kI32}};
    const std::string indirect = index + op(Opcode::CallIndirect, 0, 0);
    upper_ = instantiate({.imported_functions = {peek, poke, peek},
                          .functions = {{"direct", pair, load(0) + op(Opcode::Call, 0) + load(0)},
                                        {"indirect", pair, load(0) + indirect + load(0)},
                                        {"poke below", poke, get(0) + get(1) + op(Opcode::Call, 1)},
                                        {"fail below", {{}, {kI32}}, op(Opcode::Call, 2)}},
                          .memory_pages = 1,
                          .memory_bytes = "BBBB",
                          .table = {0}},
                         {{"host0", function(lower_, "peek")},
                          {"host1", function(lower_, "poke")},
                          {"host2", function(lower_, "fail")}});
  }

  void expect_numbers(std::string_view name, std::uint32_t below) {
    const Values found = values(upper_, name);
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].as<std::uint32_t>(), 0x42424242u);
    EXPECT_EQ(found[1].as<std::uint32_t>(), below);
    EXPECT_EQ(found[2].as<std::uint32_t>(), 0x42424242u);
  }

  Instance* lower_ = nullptr;
  Instance* upper_ = nullptr;
};

TEST_F(TwoMemoriesTest, CallsUseTheCalleesMemory) {
  expect_numbers("direct", 0x41414141);
  expect_numbers("indirect", 0x41414141);
  EXPECT_TRUE(values(upper_, "poke below", {Value::i32(0), Value::i32(7)}).empty());
  expect_numbers("direct", 7);
  expect_numbers("indirect", 7);
  EXPECT_EQ(number(lower_, "peek"), 7u);
}

TEST_F(TwoMemoriesTest, TrapsNameTheFramesOfBoth) {
  const Trap found = trap(upper_, "fail below");
  EXPECT_EQ(found.kind, TrapKind::OutOfBoundsMemory);
  ASSERT_EQ(found.backtrace.size(), 2u);
  EXPECT_EQ(found.backtrace[0].name, "fail");
  EXPECT_EQ(found.backtrace[0].function, 2u);
  EXPECT_EQ(found.backtrace[1].name, "fail below");
  EXPECT_EQ(found.backtrace[1].function, 6u);
  expect_numbers("direct", 0x41414141);
}

}  // namespace
}  // namespace wherry::wasm
