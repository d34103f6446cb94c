// Calls from the guest to the host and back, and what leaves them.
#include <stdexcept>

#include "wasm/engine/module_for_test.h"

namespace wherry::wasm {
namespace {

using namespace writer;

const FuncType kNumberToNumber = {{kI32}, {kI32}};

std::string get(std::uint32_t local) { return op(Opcode::LocalGet, local); }

class HostCallTest : public EngineTest {
 public:
  // A guest that adds 1 to what the host makes of its argument. Beside it, functions for the host.
  Instance* guest(HostFunction host) {
    host_ = store_.host_function(kNumberToNumber, host, this);
    instance_ = instantiate(
        {.imported_functions = {kNumberToNumber},
         .functions = {{"ask", kNumberToNumber,
                        get(0) + op(Opcode::Call, 0) + i32_const(1) + op(Opcode::I32Add)},
                       {"square", kNumberToNumber, get(0) + get(0) + op(Opcode::I32Mul)},
                       {"ten over", kNumberToNumber, i32_const(10) + get(0) + op(Opcode::I32DivU)}},
         .memory_pages = 1,
         .memory_bytes = "hello"},
        {{"host0", host_}});
    return instance_;
  }
  static HostCallTest& test(void* context) { return *static_cast<HostCallTest*>(context); }

  void expect_usable() {
    EXPECT_EQ(number(instance_, "square", {Value::i32(9)}), 81u);
    EXPECT_EQ(trap(instance_, "ten over", {Value::i32(0)}).kind, TrapKind::IntegerDivideByZero);
  }

  Function* host_ = nullptr;
  Instance* instance_ = nullptr;
};

TEST_F(HostCallTest, SeesArgumentsAndTheCallersMemory) {
  guest([](void* context, HostCall& call) {
    EXPECT_EQ(&call.caller, test(context).instance_);
    EXPECT_EQ(call.memory().size(), 65536u);
    call.return_i32(call.i32(0) + call.memory().load<std::uint8_t>(1).value_or(0));
    return TrapKind::None;
  });
  EXPECT_EQ(number(instance_, "ask", {Value::i32(1000)}), 1000u + 'e' + 1);
  expect_usable();
}

TEST_F(HostCallTest, CanBeCalledByTheHostItself) {
  guest([](void*, HostCall& call) {
    EXPECT_EQ(call.memory().size(), 0u);
    call.return_i32(call.i32(0) * 2);
    return TrapKind::None;
  });
  const CallResult result = store_.call(host_, std::vector{Value::i32(21)});
  EXPECT_EQ(std::get<Values>(result)[0].as<std::uint32_t>(), 42u);
}

TEST_F(HostCallTest, ExceptionsComeOutUnchanged) {
  guest([](void*, HostCall& call) -> TrapKind {
    if (call.i32(0) == 1) throw std::out_of_range("from the host");
    throw GuestExit{7};
  });
  for (int i = 0; i < 3; ++i) {
    try {
      call(instance_, "ask", {Value::i32(1)});
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::out_of_range& error) {
      EXPECT_STREQ(error.what(), "from the host");
    }
    try {
      call(instance_, "ask", {Value::i32(2)});
      ADD_FAILURE() << "nothing was thrown";
    } catch (const GuestExit& exit) {
      EXPECT_EQ(exit.code, 7u);
    }
    expect_usable();
  }
}

TEST_F(HostCallTest, AnswersATrap) {
  guest([](void*, HostCall&) { return TrapKind::OutOfBoundsTable; });
  const Trap found = trap(instance_, "ask", {Value::i32(1)});
  EXPECT_EQ(found.kind, TrapKind::OutOfBoundsTable);
  ASSERT_EQ(found.backtrace.size(), 1u);
  EXPECT_EQ(found.backtrace[0].name, "ask");
  expect_usable();
}

TEST_F(HostCallTest, CallsTheGuestAgain) {
  guest([](void* context, HostCall& call) {
    HostCallTest& self = test(context);
    call.return_i32(self.number(self.instance_, "square", {Value::i32(call.i32(0))}) +
                    self.number(self.instance_, "square", {Value::i32(2)}));
    return TrapKind::None;
  });
  EXPECT_EQ(number(instance_, "ask", {Value::i32(5)}), 25u + 4 + 1);
  expect_usable();
}

TEST_F(HostCallTest, InnerTrapIsTheHostsToAnswer) {
  guest([](void* context, HostCall& call) {
    HostCallTest& self = test(context);
    const Trap inner = self.trap(self.instance_, "ten over", {Value::i32(0)});
    EXPECT_EQ(inner.kind, TrapKind::IntegerDivideByZero);
    // Both sides of the host call.
    EXPECT_EQ(inner.backtrace.size(), 2u);
    if (inner.backtrace.size() == 2) {
      EXPECT_EQ(inner.backtrace[0].name, "ten over");
      EXPECT_EQ(inner.backtrace[1].name, "ask");
    }
    if (call.i32(0) == 1) return inner.kind;
    call.return_i32(99);
    return TrapKind::None;
  });
  EXPECT_EQ(number(instance_, "ask", {Value::i32(0)}), 100u);
  EXPECT_EQ(trap(instance_, "ask", {Value::i32(1)}).kind, TrapKind::IntegerDivideByZero);
  expect_usable();
}

TEST_F(HostCallTest, InnerExceptionPassesThroughTheHost) {
  guest([](void* context, HostCall& call) -> TrapKind {
    HostCallTest& self = test(context);
    const std::uint32_t depth = call.i32(0);
    if (depth == 0) throw std::runtime_error("at the bottom");
    if (depth != 3) {
      call.return_i32(self.number(self.instance_, "ask", {Value::i32(depth - 1)}));
      return TrapKind::None;
    }
    EXPECT_THROW(self.call(self.instance_, "ask", {Value::i32(depth - 1)}), std::runtime_error);
    call.return_i32(50);
    return TrapKind::None;
  });
  EXPECT_EQ(number(instance_, "ask", {Value::i32(3)}), 51u);
  EXPECT_THROW(call(instance_, "ask", {Value::i32(2)}), std::runtime_error);
  expect_usable();
}

TEST_F(HostCallTest, EndlessRecursionThroughTheHostIsATrap) {
  guest([](void* context, HostCall& call) {
    HostCallTest& self = test(context);
    const CallResult result = self.call(self.instance_, "ask", {Value::i32(call.i32(0) + 1)});
    const Trap* found = std::get_if<Trap>(&result);
    return found ? found->kind : TrapKind::None;
  });
  EXPECT_EQ(trap(instance_, "ask", {Value::i32(0)}).kind, TrapKind::StackExhausted);
  expect_usable();
}

// A bug of the host's must not pass for the guest's fault, even at an address of the guest's.
TEST_F(HostCallTest, FaultsOfTheHostKillTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  guest([](void*, HostCall& call) {
    auto* at = reinterpret_cast<volatile std::uint8_t*>(std::uintptr_t{16});
    if (call.i32(0) == 1) {
      const auto inside = call.memory().bytes(0, 1);
      at = inside->data() + call.memory().size();
    }
    *at = 1;
    return TrapKind::None;
  });
  EXPECT_DEATH(call(instance_, "ask", {Value::i32(0)}), "");
  EXPECT_DEATH(call(instance_, "ask", {Value::i32(1)}), "");
}

}  // namespace
}  // namespace wherry::wasm
