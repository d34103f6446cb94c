// Functions that go on in other code inside their loops, interpreted or quickly made: whichever loop, and whenever,
// they do the same.
#include <fmt/format.h>

#include "compiled/in_memory.h"
#include "wasm/compiler/compile.h"
#include "wasm/engine/module_for_test.h"
#include "wasm/engine/store.h"

namespace wherry::wasm {
namespace {

using namespace writer;

const std::string kEnd = op(Opcode::End);
const std::string kTick = op(Opcode::Call, 0);  // asks the host, which may publish meanwhile

std::string get(std::uint32_t local) { return op(Opcode::LocalGet, local); }
std::string set(std::uint32_t local) { return op(Opcode::LocalSet, local); }
std::string block(Opcode opcode, const std::string& type, const std::string& body) {
  return op(opcode) + type + body + kEnd;
}
const std::string kNothing = byte(0x40);

// The local goes up, and control back to the innermost loop's head while it is below the limit.
std::string step(std::uint32_t local, int by, int limit) {
  return get(local) + i32_const(by) + op(Opcode::I32Add) + op(Opcode::LocalTee, local) +
         i32_const(limit) + op(Opcode::I32LtS) + op(Opcode::BrIf, 0);
}

// Loops in both arms of an `if` in a loop with a parameter. The values below each of them are the host's, and
// others in each round.
ModuleForTest nested() {
  const std::string in_then = block(
      Opcode::Loop, kNothing,
      get(2) + kTick + get(1) + op(Opcode::I32Mul) + op(Opcode::I32Add) + set(2) + step(1, 1, 3));
  const std::string innermost =
      block(Opcode::Loop, kNothing, get(2) + kTick + op(Opcode::I32Xor) + set(2) + step(1, 3, 9));
  // Left from its middle, now and then.
  const std::string in_else =
      block(Opcode::Block, kNothing,
            block(Opcode::Loop, kNothing,
                  kTick + i32_const(5) + op(Opcode::I32RemU) + op(Opcode::I32Eqz) +
                      op(Opcode::BrIf, 1) + innermost + step(1, 5, 30)));
  const std::string either = kTick + get(0) + i32_const(1) + op(Opcode::I32And) + op(Opcode::If) +
                             type(kI32) + kTick + i32_const(0) + set(1) + in_then +
                             op(Opcode::Else) + kTick + i32_const(1) + set(1) + in_else + kEnd +
                             op(Opcode::I32Sub);
  const std::string round = i64_const(3) + op(Opcode::I64Mul) + kTick + op(Opcode::I64ExtendI32U) +
                            op(Opcode::I64Xor) + either + get(2) + op(Opcode::I32Xor) + set(2) +
                            get(3) + get(2) + op(Opcode::I32x4Splat) + op(Opcode::I32x4Add) +
                            set(3) + step(0, 1, 6);
  const std::string code = kTick + op(Opcode::I64ExtendI32U) + i64_const(5) +
                           block(Opcode::Loop, u32(2), round) + op(Opcode::I64Add) + get(2) +
                           op(Opcode::I64ExtendI32U) + op(Opcode::I64Add) + get(3) +
                           op(Opcode::I64x2ExtractLane) + byte(1) + op(Opcode::I64Add);
  return {.imported_functions = {{.results = {kI32}}},
          .functions = {{.name = "nested",
                         .type = {.results = {kI64}},
                         .code = code,
                         .locals = {u32(3) + byte(0x7f), u32(1) + byte(0x7b)}},
                        {.name = "parameter",  // its type is the outer loop's
                         .type = {.params = {kI64}, .results = {kI64}},
                         .code = get(0)}}};
}

class OsrTest : public EngineTest {
 public:
  OsrTest() : before_(code_for_test) { code_for_test = nullptr; }
  ~OsrTest() override { code_for_test = before_; }

  // No two answers are the same, so that no value can stand for another.
  static TrapKind tick(void* context, HostCall& call) {
    auto& test = *static_cast<OsrTest*>(context);
    if (test.store_.impl().context.activation) ++test.compiled_ticks_;
    if (test.ticks_ == test.when_) test.store_.publish(*test.instance_, test.code_);
    call.return_i32(++test.ticks_ * 2654435761u);
    return TrapKind::None;
  }

  void instantiate_ticking(const ModuleForTest& module) {
    instance_ =
        instantiate(module, {{"host0", store_.host_function({.results = {kI32}}, &tick, this)}});
  }

  // All of it runs compiled, as quickly made.
  void start_quickly() {
    store_.publish(*instance_, compile_in_memory(module_of(*instance_), HowCompiled::Quickly));
  }
  // Of one loop of the module's first function.
  void compile(std::uint32_t loop, Compiler::Level level) {
    compile(loop, level, module_of(*instance_));
  }
  void compile(std::uint32_t loop, Compiler::Level level, const Module& module) {
    compile({.functions = {}, .loops = {{0, loop}}, .level = level}, module);
  }
  void compile_with_function(std::uint32_t loop) {
    compile({.functions = {0}, .loops = {{0, loop}}}, module_of(*instance_));
  }
  void compile(const Compiler::Request& request, const Module& module) {
    const Compiler compiler(module, {});
    const CodeObject object = compiler.object(request);
    const CodeObject* const all[] = {&object};
    code_ = map_in_memory(compiler.link(all), module);
  }
  // It comes with the host's when-th answer.
  void publish_at(std::uint32_t when) {
    when_ = when;
    ticks_ = compiled_ticks_ = 0;
  }

  Instance* instance_ = nullptr;
  std::shared_ptr<const Artifact> code_;
  std::uint32_t when_ = ~0u;
  std::uint32_t ticks_ = 0;
  std::uint32_t compiled_ticks_ = 0;

 private:
  std::shared_ptr<const Artifact> (*before_)(const Module&);
};

TEST_F(OsrTest, AnyLoopIsEnteredAtAnyMoment) {
  instantiate_ticking(nested());
  const auto expected = values(instance_, "nested").at(0).as<std::uint64_t>();
  const std::uint32_t moments = ticks_;
  ASSERT_GT(moments, 30u);
  for (const auto level : {Compiler::Level::Quick, Compiler::Level::Full}) {
    for (std::uint32_t loop = 0; loop < 4; ++loop) {
      compile(loop, level);
      std::uint32_t entered = 0;
      for (std::uint32_t moment = 0; moment < moments; ++moment) {
        SCOPED_TRACE(fmt::format("loop {} with answer {}", loop, moment));
        instantiate_ticking(nested());
        publish_at(moment);
        EXPECT_EQ(values(instance_, "nested").at(0).as<std::uint64_t>(), expected);
        EXPECT_EQ(ticks_, moments);
        if (compiled_ticks_ > 0) ++entered;
      }
      EXPECT_GT(entered, moments / 2) << loop;
    }
  }
}

TEST_F(OsrTest, QuickCodeIsLeftInAnyLoopAtAnyMoment) {
  instantiate_ticking(nested());
  const auto expected = values(instance_, "nested").at(0).as<std::uint64_t>();
  const std::uint32_t moments = ticks_;
  for (std::uint32_t loop = 0; loop < 4; ++loop) {
    compile(loop, Compiler::Level::Full);
    for (std::uint32_t moment = 0; moment < moments; ++moment) {
      SCOPED_TRACE(fmt::format("loop {} with answer {}", loop, moment));
      instantiate_ticking(nested());
      start_quickly();
      publish_at(moment);
      EXPECT_EQ(values(instance_, "nested").at(0).as<std::uint64_t>(), expected);
      EXPECT_EQ(ticks_, moments);
    }
  }
}

TEST_F(OsrTest, AFunctionMayShareItsCodeWithALoop) {
  instantiate_ticking(nested());
  const auto expected = values(instance_, "nested").at(0).as<std::uint64_t>();
  const std::uint32_t moments = ticks_;
  for (std::uint32_t loop = 0; loop < 4; ++loop) {
    compile_with_function(loop);
    for (std::uint32_t moment = 0; moment < moments; ++moment) {
      SCOPED_TRACE(fmt::format("loop {} with answer {}", loop, moment));
      instantiate_ticking(nested());
      if (moment % 2 == 1) start_quickly();
      publish_at(moment);
      EXPECT_EQ(values(instance_, "nested").at(0).as<std::uint64_t>(), expected);
      EXPECT_EQ(ticks_, moments);
      // Now it is entered at its start.
      publish_at(~0u);
      EXPECT_EQ(values(instance_, "nested").at(0).as<std::uint64_t>(), expected);
      EXPECT_EQ(compiled_ticks_, moments);
    }
  }
}

// Called once, it adds the number in each of a hundred rounds, and gives the sum.
ModuleForTest adding(int number) {
  const std::string round = kTick + op(Opcode::Drop) + get(1) + i32_const(number) +
                            op(Opcode::I32Add) + set(1) + step(0, 1, 100);
  return {.imported_functions = {{.results = {kI32}}},
          .functions = {{.name = "adding",
                         .type = {.results = {kI32}},
                         .code = block(Opcode::Loop, kNothing, round) + get(1),
                         .locals = {u32(2) + byte(0x7f)}}}};
}

// The engine takes code of another module for its own if the two have one shape: whose code ran shows.
TEST_F(OsrTest, WhatRunsAfterAMoveIsTheLoopsCode) {
  instantiate_ticking(adding(2));
  const Module& other = module_of(*instance_);
  instantiate_ticking(adding(1));
  start_quickly();
  compile(0, Compiler::Level::Full, other);
  publish_at(30);
  EXPECT_EQ(number(instance_, "adding"), 31u + 69u * 2u);
}

TEST_F(OsrTest, QuickCodeThatWasReplacedAsksForItsLoopOnce) {
  instantiate_ticking(adding(1));
  instance_->wanted_loops.reserve(4);
  start_quickly();
  EXPECT_EQ(number(instance_, "adding"), 100u);
  EXPECT_TRUE(instance_->wanted_loops.empty());
  code_ = compile_in_memory(module_of(*instance_), HowCompiled::Whole);
  publish_at(30);
  EXPECT_EQ(number(instance_, "adding"), 100u);
  ASSERT_EQ(instance_->wanted_loops.size(), 1u);
  EXPECT_EQ(instance_->wanted_loops[0].loop, (LoopId{.function = 0, .ordinal = 0}));
  EXPECT_EQ(instance_->wanted_loops[0].times, kSurelyWanted);
}

TEST_F(OsrTest, ATrapSaysWhereItWas) {
  const FuncType none;
  const ModuleForTest module{
      .imported_functions = {{.results = {kI32}}},
      .functions = {
          {.name = "loop",
           .type = none,
           .code = block(Opcode::Loop, kNothing, kTick + op(Opcode::Drop) + step(0, 1, 5)) +
                   op(Opcode::Unreachable),
           .locals = {u32(1) + byte(0x7f)}},
          {.name = "caller", .type = none, .code = op(Opcode::Call, 1)}}};
  for (const char* before : {"interpreted", "quickly made", "from its start"}) {
    SCOPED_TRACE(before);
    instantiate_ticking(module);
    if (before == std::string_view("quickly made")) start_quickly();
    if (before == std::string_view("from its start")) {
      compile_with_function(0);
      store_.publish(*instance_, code_);
    } else {
      compile(0, Compiler::Level::Full);
    }
    publish_at(2);
    const Trap trapped = trap(instance_, "caller");
    EXPECT_GT(compiled_ticks_, 0u);
    EXPECT_EQ(trapped.kind, TrapKind::Unreachable);
    ASSERT_EQ(trapped.backtrace.size(), 2u);
    EXPECT_EQ(trapped.backtrace[0].name, "loop");
    EXPECT_EQ(trapped.backtrace[1].name, "caller");
  }
}

}  // namespace
}  // namespace wherry::wasm
