// The blocks, branches and calls of a generated body.
#include <algorithm>

#include "differential/body.h"
#include "wasm/format/module_writer.h"

namespace wherry::differential {

using namespace wasm;
using namespace wasm::writer;

std::string Body::block_type(const FuncType& type) const {
  if (type.params.empty() && type.results.empty()) return byte(0x40);
  if (type.params.empty() && type.results.size() == 1) return writer::type(type.results[0]);
  auto found = std::find(around_.types.begin(), around_.types.end(), type);
  return s64(found - around_.types.begin());
}

// The block is left with exactly the results: those that stand where they belong stay.
void Body::finish(const ValTypes& results) {
  if (dead_) {
    dead_ = false;
    stack_.resize(floor_);
    for (ValType type : results) push(type, true);
    return;
  }
  std::size_t right = 0;
  while (right < std::min(available(), results.size()) &&
         stack_[floor_ + right].type == results[right]) {
    ++right;
  }
  while (available() > right) sink();
  for (std::size_t i = right; i < results.size(); ++i) leaf(results[i]);
}

// An i32 made of nothing that is on the stack.
void Body::condition() {
  apart([&] {
    leaf(ValType::I32);
    switch (random_.below(6)) {
      case 0:
        break;
      case 1:
        truth();
        break;
      case 2:
        leaf(ValType::I32);
        apply(random_.chance(50) ? Opcode::I32And : Opcode::I32Add);
        break;
      case 3: {
        const ValType type = ValType(0x7f - random_.below(4));
        sink();
        leaf(type);
        compare();
        break;
      }
      default:
        compare();
    }
    if (stack_.back().type != ValType::I32) apply(Opcode::I32WrapI64);
  });
}

void Body::call(bool indirect) {
  const auto count = static_cast<std::uint32_t>(around_.functions.size());
  if (indirect) {
    // Mostly an element of the type that is called.
    const std::uint32_t element = random_.below(around_.table.size());
    const std::uint32_t type = random_.chance(92) ? around_.functions[around_.table[element]]
                                                  : random_.below(around_.types.size());
    want(around_.types[type].params);
    const std::string index = i32_const(static_cast<std::int32_t>(element));
    if (random_.chance(30)) {
      emit(index);
    } else {
      if (random_.chance(50)) {
        apart([&] { load(ValType::I32); });
      } else {
        condition();
      }
      pop();
      emit(i32_const(0) + op(Opcode::I32And) + index);
      emit(random_.chance(50) ? Opcode::I32Or : Opcode::I32Add);
    }
    emit(op(Opcode::CallIndirect, type, 0));
    stack_.resize(stack_.size() - around_.types[type].params.size());
    for (ValType result : around_.types[type].results) push(result, true);
    return;
  }
  if (function_ + 1 >= count) return;
  const std::uint32_t callee = function_ + 1 + random_.below(count - function_ - 1);
  const FuncType& type = around_.types[around_.functions[callee]];
  want(type.params);
  emit(op(Opcode::Call, callee));
  stack_.resize(stack_.size() - type.params.size());
  for (ValType result : type.results) push(result, true);
}

void Body::branch(unsigned kind) {
  std::uint32_t depth = random_.below(labels_.size());
  // Back to a loop's start rarely: it costs the fuel.
  if (labels_[labels_.size() - 1 - depth].is_loop && random_.chance(80)) {
    depth = static_cast<std::uint32_t>(labels_.size()) - 1;
  }
  const ValTypes types = label(depth);
  want(types);
  auto reopen = [&] {
    for (std::size_t i = stack_.size() - types.size(); i < stack_.size(); ++i) {
      if (stack_[i].type == ValType::F32 || stack_[i].type == ValType::F64) stack_[i].open = true;
    }
  };
  if (kind < 6) {
    condition();
    pop();
    emit(op(Opcode::BrIf, depth));
    return reopen();
  }
  if (kind == 6) {
    if (labels_.size() == 1) return;
    emit(op(Opcode::Br, depth));
    dead_ = true;
    return;
  }
  if (labels_.size() == 1) return;
  condition();
  pop();
  if (random_.chance(50)) emit(i32_const(3) + op(Opcode::I32And));
  std::vector<std::uint32_t> same;
  for (std::uint32_t i = 0; i < labels_.size(); ++i) {
    if (label(i) == types) same.push_back(i);
  }
  const std::uint32_t count = random_.below(5);
  emit(op(Opcode::BrTable, count));
  for (std::uint32_t i = 0; i <= count; ++i) emit(u32(same[random_.below(same.size())]));
  dead_ = true;
}

// kind: block, loop, if.
void Body::block(unsigned depth, unsigned kind) {
  const FuncType type = around_.types[random_.below(around_.types.size())];
  want(type.params);
  if (kind == 2) {
    condition();
    pop();
  }
  const Opcode opcodes[] = {Opcode::Block, Opcode::Loop, Opcode::If};
  emit(op(opcodes[kind]) + block_type(type));
  const std::size_t outer_floor = floor_;
  floor_ = stack_.size() - type.params.size();
  labels_.push_back({kind == 1 ? type.params : type.results, kind == 1});
  for (std::size_t i = floor_; i < stack_.size(); ++i) {
    if (stack_[i].type == ValType::F32 || stack_[i].type == ValType::F64) stack_[i].open = true;
  }
  const std::vector<Operand> at_start = stack_;
  if (kind == 1) take_fuel();
  stretch(2 + random_.below(8), depth);
  finish(type.results);
  if (kind == 2 && (type.params != type.results || random_.chance(50))) {
    emit(Opcode::Else);
    stack_ = at_start;
    stretch(1 + random_.below(8), depth);
    finish(type.results);
  }
  stack_.resize(floor_);
  labels_.pop_back();
  floor_ = outer_floor;
  for (ValType result : type.results)
    push(result, result == ValType::F32 || result == ValType::F64);
  emit(Opcode::End);
}

// A loop over a local that is stepped by a constant and then compared, as compilers write them.
void Body::counted_loop(unsigned depth) {
  const ValType type = random_.chance(75) ? ValType::I32 : ValType::I64;
  const bool narrow = type == ValType::I32;
  const std::uint32_t counter = some_local(type);
  if (counter == locals_.size()) return;
  const std::int32_t times = 1 + static_cast<std::int32_t>(random_.below(9));
  const bool down = random_.chance(40);
  const std::int32_t by = 1 + static_cast<std::int32_t>(random_.below(4));
  auto number = [&](std::int32_t value) { return narrow ? i32_const(value) : i64_const(value); };
  auto either = [&](Opcode i32, Opcode i64) { emit(narrow ? i32 : i64); };
  emit(number(down ? times * by : 0) + op(Opcode::LocalSet, counter));
  // The limit may be in a local of its own.
  counter_[counter] = true;
  std::uint32_t limit = random_.chance(50) && !down ? some_local(type) : counter;
  if (limit == locals_.size() || limit == counter) {
    limit = static_cast<std::uint32_t>(locals_.size());
  } else {
    emit(number(times * by) + op(Opcode::LocalSet, limit));
    counter_[limit] = true;
  }
  emit(op(Opcode::Loop) + byte(0x40));
  const std::size_t outer_floor = floor_;
  floor_ = stack_.size();
  labels_.push_back({{}, true});
  take_fuel();
  stretch(2 + random_.below(6), depth);
  if (!dead_) {
    if (random_.chance(30)) get_local(counter);  // an older value of it stays on the stack
    emit(op(Opcode::LocalGet, counter) + number(down ? -by : by));
    either(Opcode::I32Add, Opcode::I64Add);
    const bool set = random_.chance(40);
    emit(op(set ? Opcode::LocalSet : Opcode::LocalTee, counter));
    if (set) emit(op(Opcode::LocalGet, counter));
    if (down) {
      if (!narrow || random_.chance(50)) {
        emit(number(0));
        either(Opcode::I32GtS, Opcode::I64GtS);
      } else if (random_.chance(30)) {
        emit(op(Opcode::I32Eqz) + op(Opcode::I32Eqz));
      }
    } else {
      emit(limit < locals_.size() ? op(Opcode::LocalGet, limit) : number(times * by));
      if (random_.chance(50)) {
        either(Opcode::I32LtS, Opcode::I64LtS);
      } else if (random_.chance(50)) {
        either(Opcode::I32Ne, Opcode::I64Ne);
      } else {
        either(Opcode::I32GeU, Opcode::I64GeU);
        emit(Opcode::I32Eqz);
      }
    }
    emit(op(Opcode::BrIf, 0));
  }
  finish({});
  labels_.pop_back();
  floor_ = outer_floor;
  counter_[counter] = false;
  if (limit < locals_.size()) counter_[limit] = false;
  emit(Opcode::End);
}

}  // namespace wherry::differential
