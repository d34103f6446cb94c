#include "wasm/engine/execute.h"

#include <utility>

#include "base/error.h"
#include "wasm/engine/compiled.h"
#include "wasm/engine/fault.h"
#include "wasm/engine/interp/control.h"
#include "wasm/engine/interp/translate.h"
#include "wasm/engine/store.h"
#include "wasm/format/names.h"

namespace wherry::wasm {
namespace {

using interp::kCallerFrame;
using interp::kFunction;
using interp::kHeaderSlots;
using interp::kReturnPc;

// Each call into the guest from a host function takes host stack: more than this is a trap.
constexpr unsigned kMaxNesting = 200;

// A backtrace keeps so many frames of each end.
constexpr std::size_t kBacktraceEnd = 24;

const Slot kLeaveCode[1] = {reinterpret_cast<Slot>(&interp::leave)};

Function* function_at(const Slot* fp) { return reinterpret_cast<Function*>(fp[kFunction]); }
Slot* caller_of(const Slot* fp) { return reinterpret_cast<Slot*>(fp[kCallerFrame]); }

TrapFrame describe(const Function& function) {
  TrapFrame frame;
  frame.function = function.index;
  frame.name = function_name(*function.instance->module, function.index).value_or("");
  return frame;
}

Trap trap_at(Store::Impl& store, TrapKind kind, const Slot* fp) {
  std::vector<const Function*> functions = std::exchange(store.left_frames, {});
  collect_frames(store, fp, nullptr, functions);
  Trap trap{.kind = kind};
  const std::size_t depth = functions.size();
  for (std::size_t i = 0; i < depth; ++i) {
    if (depth > 2 * kBacktraceEnd && i >= kBacktraceEnd && i < depth - kBacktraceEnd) {
      ++trap.omitted;
      continue;
    }
    trap.backtrace.push_back(describe(*functions[i]));
  }
  return trap;
}

void write_value(Slot* at, const Value& value) {
  at[0] = load_little<Slot>(value.bits.data());
  // Whatever the embedder left above a 32-bit number.
  if (value.type == ValType::I32) at[0] &= 0xffffffffu;
  if (value.type == ValType::V128) at[1] = load_little<Slot>(value.bits.data() + 8);
}

Value read_value(const Slot* at, ValType type) {
  Value value{.type = type};
  std::size_t size = type == ValType::V128                          ? 16
                     : type == ValType::I32 || type == ValType::F32 ? 4
                                                                    : 8;
  std::memcpy(value.bits.data(), at, size);
  return value;
}

}  // namespace

const Slot kTranslateFirstCode[1] = {reinterpret_cast<Slot>(&interp::translate_first)};
const Slot kCallHostCode[1] = {reinterpret_cast<Slot>(&interp::call_host)};

const Slot kEnterCompiledCode[1] = {reinterpret_cast<Slot>(&interp::enter_compiled)};

TrapKind host_call(interp::Context& context, const Function& function, Slot* fp) noexcept {
  Store::Impl& store = *context.store;
  const Slot* below = caller_of(fp);
  Instance* instance = below ? function_at(below)->instance : nullptr;
  return guarded_host_call(context, function, fp - function.argument_slots,
                           instance ? *instance : store.hostless);
}

void keep_exception(interp::Context& context) noexcept {
  context.store->pending = std::current_exception();
  context.failed = true;
}

const Slot* translate_for_call(interp::Context& context, Function& function) noexcept {
  try {
    auto [code, loops] = interp::translate(*context.store, function);
    function.translated = code;
    if (loops) context.store->loops.emplace(&function, std::move(*loops));
    // It may have been published meanwhile.
    if (function.code == kTranslateFirstCode) function.code = code;
    if (const auto& told = context.store->options.on_translation) {
      told(*function.instance, function.index - function.instance->module->imported_functions);
    }
    return function.code;
  } catch (...) {
    keep_exception(context);
    return nullptr;
  }
}

CallResult Store::call(Function* function, std::span<const Value> arguments) {
  interp::Context& context = impl_->context;
  Slot* const outer = context.frame;
  Slot* const base = outer ? outer + kHeaderSlots : context.stack_begin;
  Slot* const fp = base + function->argument_slots;
  if (fp + kHeaderSlots > context.stack_end || impl_->nesting >= kMaxNesting) {
    return trap_at(*impl_, TrapKind::StackExhausted, outer);
  }

  const FuncType& type = *function->type;
  WHERRY_CHECK(arguments.size() == type.params.size());
  Slot* at = base;
  for (const Value& argument : arguments) {
    write_value(at, argument);
    at += slots_of(argument.type);
  }
  fp[kReturnPc] = reinterpret_cast<Slot>(kLeaveCode);
  fp[kCallerFrame] = reinterpret_cast<Slot>(outer);
  fp[kFunction] = reinterpret_cast<Slot>(function);

  context.trap = TrapKind::None;
  context.trap_frame = nullptr;
  ++impl_->nesting;
  {
    FaultScope scope(*impl_);
    if (__builtin_setjmp(scope.landing) == 0) {
      reinterpret_cast<interp::Handler>(*function->code)(function->code, fp, function->memory_base,
                                                         &context, 0, interp::Vec{});
    } else {
      context.trap = TrapKind::OutOfBoundsMemory;
      context.trap_frame = scope.trap_frame;
    }
  }
  --impl_->nesting;
  context.frame = outer;

  if (context.failed) {
    context.failed = false;
    context.trap = TrapKind::None;
    impl_->left_frames.clear();
    std::rethrow_exception(std::exchange(impl_->pending, nullptr));
  }
  // The trap was this call's: a host function that made it may go on, and its guest with it.
  if (const TrapKind kind = std::exchange(context.trap, TrapKind::None); kind != TrapKind::None) {
    return trap_at(*impl_, kind, context.trap_frame);
  }
  Values results;
  const Slot* from = base;
  for (ValType result : type.results) {
    results.push_back(read_value(from, result));
    from += slots_of(result);
  }
  return results;
}

}  // namespace wherry::wasm
