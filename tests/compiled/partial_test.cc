// Artifacts that lack functions: the rest is interpreted, and calls go either way.
#include <fmt/format.h>

#include "base/error.h"
#include "compiled/in_memory.h"
#include "wasm/compiler/compile.h"
#include "wasm/engine/module_for_test.h"

namespace wherry::wasm {
namespace {

using namespace writer;

std::vector<Compiler::Request> requests;

std::shared_ptr<const Artifact> compile_requested(const Module& module) {
  const Compiler compiler(module, {});
  std::vector<CodeObject> objects;
  for (const Compiler::Request& request : requests) objects.push_back(compiler.object(request));
  std::vector<const CodeObject*> all;
  for (const CodeObject& object : objects) all.push_back(&object);
  return map_in_memory(compiler.link(all), module);
}

class PartialArtifactTest : public EngineTest {
 public:
  PartialArtifactTest() : before_(code_for_test) { code_for_test = &compile_requested; }
  ~PartialArtifactTest() override { code_for_test = before_; }

  // even and odd call each other down to zero; leaf is called by a third function with many arguments.
  static ModuleForTest even_and_odd() {
    auto other = [](std::uint32_t callee, int at_zero) {
      return op(Opcode::LocalGet) + u32(0) + op(Opcode::I32Eqz) + op(Opcode::If) + byte(0x7f) +
             i32_const(at_zero) + op(Opcode::Else) + op(Opcode::LocalGet) + u32(0) + i32_const(1) +
             op(Opcode::I32Sub) + op(Opcode::Call) + u32(callee) + op(Opcode::End);
    };
    std::string pass, sum = op(Opcode::LocalGet) + u32(0);
    for (std::uint32_t i = 0; i < 10; ++i) pass += op(Opcode::LocalGet) + u32(i);
    for (std::uint32_t i = 1; i < 10; ++i) {
      sum += op(Opcode::LocalGet) + u32(i) + i32_const(3) + op(Opcode::I32Mul) + op(Opcode::I32Add);
    }
    const FuncType many{.params = std::vector<ValType>(10, kI32), .results = {kI32}};
    const FuncType one{.params = {kI32}, .results = {kI32}};
    return {.functions = {{.name = "even", .type = one, .code = other(1, 1)},
                          {.name = "odd", .type = one, .code = other(0, 0)},
                          {.name = "pass", .type = many, .code = pass + op(Opcode::Call) + u32(3)},
                          {.name = "sum", .type = many, .code = sum},
                          {.name = "fails", .type = one, .code = op(Opcode::Unreachable)},
                          {.name = "caller",
                           .type = one,
                           .code = op(Opcode::LocalGet) + u32(0) + op(Opcode::Call) + u32(4)}}};
  }

  void check(Instance* instance) {
    for (std::uint32_t i : {0u, 1u, 20u, 21u}) {
      EXPECT_EQ(number(instance, "even", {Value::i32(i)}), i % 2 == 0 ? 1u : 0u);
      EXPECT_EQ(number(instance, "odd", {Value::i32(i)}), i % 2);
    }
    Values arguments;
    for (std::uint32_t i = 0; i < 10; ++i) arguments.push_back(Value::i32(i + 1));
    EXPECT_EQ(number(instance, "pass", arguments), 1u + 3 * 54);
    const Trap trapped = trap(instance, "caller", {Value::i32(0)});
    EXPECT_EQ(trapped.kind, TrapKind::Unreachable);
    EXPECT_EQ(trapped.backtrace.size(), 2u);
  }

 private:
  std::shared_ptr<const Artifact> (*before_)(const Module&);
};

TEST_F(PartialArtifactTest, AnyChoiceOfFunctionsRuns) {
  for (std::uint32_t choice = 0; choice < 64; ++choice) {
    SCOPED_TRACE(fmt::format("choice {:#x}", choice));
    requests = {{}};
    for (std::uint32_t i = 0; i < 6; ++i) {
      if (choice >> i & 1) requests[0].functions.push_back(i);
    }
    check(instantiate(even_and_odd()));
  }
}

TEST_F(PartialArtifactTest, ObjectsOfBothLevelsCallEachOther) {
  requests = {{.functions = {0, 2, 4}}, {.functions = {1, 3, 5}, .level = Compiler::Level::Quick}};
  check(instantiate(even_and_odd()));
}

TEST_F(PartialArtifactTest, TheFirstOfTwoVersionsCounts) {
  requests = {{.functions = {0}},
              {.functions = {0, 1, 2, 3, 4, 5}, .level = Compiler::Level::Quick}};
  check(instantiate(even_and_odd()));
}

// Their addresses are in read-only data, relative to the object's own code.
TEST_F(PartialArtifactTest, EachObjectHasItsOwnJumpTables) {
  const FuncType one{.params = {kI32}, .results = {kI32}};
  const Opcode kinds[] = {Opcode::I32Add, Opcode::I32Mul,  Opcode::I32Xor,
                          Opcode::I32Shl, Opcode::I32ShrU, Opcode::I32Rotl};
  auto chooser = [&](std::int32_t by) {
    std::string code;
    for (int i = 0; i < 7; ++i) code += op(Opcode::Block) + byte(0x40);
    code += op(Opcode::LocalGet, 0) + op(Opcode::BrTable, 6);
    for (std::uint32_t i = 0; i <= 6; ++i) code += u32(i);
    for (Opcode kind : kinds) {
      code += op(Opcode::End) + op(Opcode::LocalGet, 0) + i32_const(by) + op(kind);
      code += op(Opcode::Return);
    }
    return code + op(Opcode::End) + i32_const(-1);
  };
  for (const auto level : {Compiler::Level::Quick, Compiler::Level::Full}) {
    requests = {{.functions = {0}, .level = level}, {.functions = {1}, .level = level}};
    Instance* instance =
        instantiate({.functions = {{"three", one, chooser(3)}, {"five", one, chooser(5)}}});
    for (const std::uint32_t by : {3u, 5u}) {
      const std::uint32_t wanted[] = {by, by, 2 ^ by, 3u << by, 0, 5u << by, ~0u};
      for (std::uint32_t i = 0; i < 7; ++i) {
        EXPECT_EQ(number(instance, by == 3 ? "three" : "five", {Value::i32(i)}), wanted[i]);
      }
    }
  }
}

// A table that nothing changes is part of the artifact, as far as the artifact has what it holds.
TEST_F(PartialArtifactTest, AFixedTableLeadsToAllItsFunctions) {
  const FuncType one{.params = {kI32}, .results = {kI32}};
  const FuncType two{.params = {kI32, kI32}, .results = {kI32}};
  const FuncType none{};
  auto times = [](std::int32_t by) {
    return op(Opcode::LocalGet, 0) + i32_const(by) + op(Opcode::I32Mul);
  };
  // Function 0 is the host's; types are as many as functions, of which some are equal.
  const ModuleForTest built{.imported_functions = {one},
                            .functions = {{"twice", one, times(2)},
                                          {"thrice", one, times(3)},
                                          {"nothing", none, ""},
                                          {"through", two,
                                           op(Opcode::LocalGet, 0) + op(Opcode::LocalGet, 1) +
                                               op(Opcode::CallIndirect, 2, 0)}},
                            .table = {1, 2, 3, 0}};
  const auto negate = [](void*, HostCall& host) {
    host.return_i32(0 - host.i32(0));
    return TrapKind::None;
  };
  const Provided provided = {{"host0", store_.host_function(one, negate, nullptr)}};
  for (std::uint32_t choice = 0; choice < 16; ++choice) {
    SCOPED_TRACE(fmt::format("choice {:#x}", choice));
    requests = {{}};
    for (std::uint32_t i = 0; i < 4; ++i) {
      if (choice >> i & 1) requests[0].functions.push_back(i);
    }
    Instance* instance = instantiate(built, provided);
    auto through = [&](std::uint32_t element) {
      return Values{Value::i32(5), Value::i32(element)};
    };
    EXPECT_EQ(number(instance, "through", through(0)), 10u);
    EXPECT_EQ(number(instance, "through", through(1)), 15u);
    EXPECT_EQ(number(instance, "through", through(3)), 0u - 5);
    EXPECT_EQ(trap(instance, "through", through(2)).kind, TrapKind::IndirectCallTypeMismatch);
    EXPECT_EQ(trap(instance, "through", through(4)).kind, TrapKind::UninitializedElement);
    EXPECT_EQ(trap(instance, "through", through(6)).kind, TrapKind::UndefinedElement);
    EXPECT_EQ(trap(instance, "through", through(~0u)).kind, TrapKind::UndefinedElement);
  }
}

TEST_F(PartialArtifactTest, ACodeOfAnotherShapeIsRefused) {
  static std::string other_bytes;
  static std::unique_ptr<Module> other;
  ModuleForTest built = even_and_odd();
  built.functions[4].locals = {u32(1) + byte(0x7f)};
  other_bytes = built.bytes();
  other = std::make_unique<Module>(decode(as_bytes(other_bytes)));
  validate(*other);
  code_for_test = [](const Module&) { return compile_in_memory(*other); };
  EXPECT_THROW(instantiate(even_and_odd()), Error);
}

}  // namespace
}  // namespace wherry::wasm
