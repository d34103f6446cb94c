// A guest moves to compiled code while it runs: a thread of the test is its compiler.
#include "wasm/engine/tier_up.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include <chrono>
#include <thread>
#include <utility>

#include "base/error.h"
#include "compiled/in_memory.h"
#include "os/file.h"
#include "wasm/artifact/handover.h"
#include "wasm/compiler/compile.h"
#include "wasm/engine/interp/handler.h"
#include "wasm/engine/module_for_test.h"
#include "wasm/engine/store.h"

namespace wherry::wasm {
namespace {

using namespace writer;
using std::chrono::steady_clock;

constexpr auto kLongEnough = std::chrono::seconds(60);

os::Fd in_memory(const std::vector<std::uint8_t>& bytes) {
  os::Fd file(sys([] { return ::memfd_create("part", MFD_CLOEXEC); }, "memfd_create"));
  os::write_all(file.get(), bytes);
  return file;
}

// Whether a signal's handler can tell what the interpreter was doing.
#ifdef WHERRY_FRAME_IN_REGISTER
constexpr bool kIsSeen = true;
#else
constexpr bool kIsSeen = false;
#endif

class TierUpTest : public EngineTest {
 public:
  TierUpTest() {
    int ends[2];
    sys([&] { return ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends); },
        "socketpair");
    guest_ = os::Fd(ends[0]);
    compiler_ = os::Fd(ends[1]);
  }

  // "run" calls "step" until the host says that it is enough; the answer is how often.
  static ModuleForTest stepping() {
    const FuncType none{.results = {kI32}};
    return {
        .imported_functions = {none},
        .functions = {{.name = "step", .type = none, .code = op(Opcode::Call) + u32(0)},
                      {.name = "run",
                       .type = none,
                       .code = op(Opcode::Loop) + byte(0x40) + op(Opcode::LocalGet) + u32(0) +
                               i32_const(1) + op(Opcode::I32Add) + op(Opcode::LocalSet) + u32(0) +
                               op(Opcode::Call) + u32(1) + op(Opcode::I32Eqz) + op(Opcode::BrIf) +
                               u32(0) + op(Opcode::End) + op(Opcode::LocalGet) + u32(0),
                       .locals = {u32(1) + byte(0x7f)}}}};
  }

  // 1 once the code came and was used for a while, or never will.
  static TrapKind enough(void* context, HostCall& call) {
    auto& test = *static_cast<TierUpTest*>(context);
    ++test.steps_;
    if (test.tier_up_ && test.tier_up_->parts() == test.wanted_) ++test.steps_with_parts_;
    call.return_i32(test.steps_with_parts_ > 1000 || steady_clock::now() > test.until_ ? 1 : 0);
    return TrapKind::None;
  }

  Instance* instantiate_stepping() {
    return instantiate(stepping(),
                       {{"host0", store_.host_function({.results = {kI32}}, &enough, this)}});
  }

  // The next message, or End where none came in time.
  handover::Message next_message() const {
    for (;;) {
      pollfd waiting{.fd = compiler_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, 60'000) != 1) return handover::End{};
      handover::Received received = handover::try_receive(compiler_.get());
      if (received.got != handover::Got::Nothing) return std::move(received.message);
    }
  }

  static LoopId loop_of(const handover::Osr& message) {
    return {.function = message.function, .ordinal = message.ordinal};
  }

  // As the compiler does.
  void hand_over(const Module& module, const Compiler::Request& request) const {
    const Compiler with(module, {});
    const CodeObject object = with.object(request);
    const CodeObject* const all[] = {&object};
    const os::Fd part = in_memory(with.link(all));
    (void)handover::try_send(compiler_.get(), handover::Part{}, part.get());
  }

  os::Fd guest_;
  os::Fd compiler_;
  std::unique_ptr<TierUp> tier_up_;
  std::size_t wanted_ = 1;
  std::uint32_t steps_ = 0;
  std::uint32_t steps_with_parts_ = 0;
  steady_clock::time_point until_ = steady_clock::now() + kLongEnough;
};

TEST_F(TierUpTest, WhatIsHotIsToldAndItsCodeUsed) {
  if (!kIsSeen) GTEST_SKIP() << "this build keeps the interpreter's frame in no register";
  Instance* instance = instantiate_stepping();
  tier_up_ = std::make_unique<TierUp>(store_, *instance, std::move(guest_), host_environment());
  std::vector<handover::Hot::Row> told;
  std::thread compiler([&] {
    const handover::Message message = next_message();
    if (const auto* hot = std::get_if<handover::Hot>(&message)) told = hot->rows;
    hand_over(module_of(*instance), {.functions = {0}});
  });
  const std::uint32_t ran = number(instance, "run");
  EXPECT_EQ(ran, steps_);
  compiler.join();
  EXPECT_EQ(tier_up_->parts(), 1u);
  EXPECT_GT(steps_with_parts_, 1000u);
  ASSERT_FALSE(told.empty());
  for (const handover::Hot::Row& row : told) {
    EXPECT_LT(row.function, 2u);
    EXPECT_GT(row.samples, 0u);
  }
}

// "spin" counts in one loop, and asks the host each million rounds whether that is enough.
ModuleForTest spinning() {
  const FuncType none{.results = {kI32}};
  return {
      .imported_functions = {none},
      .functions = {{.name = "spin",
                     .type = none,
                     .code = op(Opcode::Loop) + byte(0x40) + op(Opcode::LocalGet) + u32(0) +
                             i32_const(1) + op(Opcode::I32Add) + op(Opcode::LocalTee) + u32(0) +
                             i32_const(0xfffff) + op(Opcode::I32And) + op(Opcode::BrIf) + u32(0) +
                             op(Opcode::Call) + u32(0) + op(Opcode::I32Eqz) + op(Opcode::BrIf) +
                             u32(0) + op(Opcode::End) + op(Opcode::LocalGet) + u32(0),
                     .locals = {u32(1) + byte(0x7f)}}}};
}

// It is called once and never again: only from inside its loop can it come to compiled code.
TEST_F(TierUpTest, ALoopGoesOnCompiled) {
  if (!kIsSeen) GTEST_SKIP() << "this build keeps the interpreter's frame in no register";
  const FuncType none{.results = {kI32}};
  // 1 once it is asked from compiled code, or has waited long enough.
  const auto asked = [](void* context, HostCall& call) {
    auto& test = *static_cast<TierUpTest*>(context);
    ++test.steps_;
    test.steps_with_parts_ = test.store_.impl().context.activation ? 1 : 0;
    call.return_i32(test.steps_with_parts_ == 1 || steady_clock::now() > test.until_ ? 1 : 0);
    return TrapKind::None;
  };
  const auto before = std::exchange(code_for_test, nullptr);
  Instance* instance =
      instantiate(spinning(), {{"host0", store_.host_function({.results = {kI32}}, +asked, this)}});
  code_for_test = before;
  tier_up_ = std::make_unique<TierUp>(store_, *instance, std::move(guest_), host_environment());
  std::thread compiler([&] {
    for (;;) {
      const handover::Message message = next_message();
      if (std::holds_alternative<handover::End>(message)) return;
      const auto* spins = std::get_if<handover::Osr>(&message);
      if (!spins) continue;
      hand_over(module_of(*instance), {.functions = {}, .loops = {loop_of(*spins)}});
      return;
    }
  });
  const std::uint32_t spun = number(instance, "spin");
  EXPECT_EQ(spun, steps_ << 20);
  EXPECT_EQ(steps_with_parts_, 1u);
  compiler.join();
}

// So is this one, and when it was, there was quick code for it already: it says where it is once there is better code.
TEST_F(TierUpTest, QuickCodeIsLeftInItsLoop) {
  const auto before = std::exchange(code_for_test, nullptr);
  Instance* instance = instantiate(
      spinning(), {{"host0", store_.host_function({.results = {kI32}}, &enough, this)}});
  code_for_test = before;
  store_.publish(*instance, compile_in_memory(module_of(*instance), HowCompiled::Quickly));
  tier_up_ = std::make_unique<TierUp>(store_, *instance, std::move(guest_), host_environment());
  wanted_ = 2;
  steps_with_parts_ = 1000;
  std::optional<LoopId> told;
  std::thread compiler([&] {
    hand_over(module_of(*instance), {.functions = {0}});
    while (!told) {
      const handover::Message message = next_message();
      if (std::holds_alternative<handover::End>(message)) return;
      if (const auto* spins = std::get_if<handover::Osr>(&message)) told = loop_of(*spins);
    }
    hand_over(module_of(*instance), {.functions = {}, .loops = {*told}});
  });
  const std::uint32_t spun = number(instance, "spin");
  EXPECT_EQ(spun, steps_ << 20);
  compiler.join();
  EXPECT_EQ(told, (LoopId{.function = 0, .ordinal = 0}));
  EXPECT_EQ(tier_up_->parts(), 2u);
}

// A frame below others is interpreted still when its function no longer is: it is asked for before it is ever seen.
TEST_F(TierUpTest, AFrameThatStaysInterpretedIsAskedFor) {
  if (!kIsSeen) GTEST_SKIP() << "this build keeps the interpreter's frame in no register";
  const auto before = std::exchange(code_for_test, nullptr);
  Instance* instance = instantiate_stepping();
  code_for_test = before;
  tier_up_ = std::make_unique<TierUp>(store_, *instance, std::move(guest_), host_environment());
  wanted_ = 2;
  std::optional<LoopId> told;
  std::thread compiler([&] {
    hand_over(module_of(*instance), {.functions = {0, 1}});
    while (!told) {
      const handover::Message message = next_message();
      if (std::holds_alternative<handover::End>(message)) return;
      if (const auto* stays = std::get_if<handover::Osr>(&message)) told = loop_of(*stays);
    }
    hand_over(module_of(*instance), {.functions = {}, .loops = {*told}});
  });
  const std::uint32_t ran = number(instance, "run");
  EXPECT_EQ(ran, steps_);
  compiler.join();
  EXPECT_EQ(told, (LoopId{.function = 1, .ordinal = 0}));
  EXPECT_EQ(tier_up_->parts(), 2u);
}

TEST_F(TierUpTest, CodeThatDoesNotFitIsLeft) {
  Instance* instance = instantiate_stepping();
  tier_up_ = std::make_unique<TierUp>(store_, *instance, std::move(guest_), host_environment());
  std::thread compiler([&] {
    (void)next_message();
    const std::vector<std::uint8_t> none(4096);
    const os::Fd part = in_memory(none);
    (void)handover::try_send(compiler_.get(), handover::Part{}, part.get());
    (void)handover::try_send(compiler_.get(), handover::End{});
  });
  wanted_ = 0;
  while (tier_up_->is_open() && steady_clock::now() < until_) {
    steps_with_parts_ = 0;
    number(instance, "run");
  }
  compiler.join();
  EXPECT_FALSE(tier_up_->is_open());
  EXPECT_EQ(tier_up_->parts(), 0u);
}

TEST_F(TierUpTest, ACompilerThatGoesIsNoLoss) {
  Instance* instance = instantiate_stepping();
  tier_up_ = std::make_unique<TierUp>(store_, *instance, std::move(guest_), host_environment());
  compiler_.reset();
  wanted_ = 0;
  while (tier_up_->is_open() && steady_clock::now() < until_) {
    steps_with_parts_ = 0;
    number(instance, "run");
  }
  EXPECT_FALSE(tier_up_->is_open());
}

// The signal is the guest process's own again, and does what it did.
TEST_F(TierUpTest, AnotherSenderOfTheSignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        Instance* instance = instantiate_stepping();
        TierUp with(store_, *instance, std::move(guest_), host_environment());
        ::raise(SIGPROF);
        ::_exit(0);
      },
      ::testing::KilledBySignal(SIGPROF), "");
}

}  // namespace
}  // namespace wherry::wasm
