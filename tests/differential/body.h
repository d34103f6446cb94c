// One function body of a generated module (generate.h).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "wasm/format/opcodes.h"
#include "wasm/format/types.h"

namespace wherry::differential {

// splitmix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  // One of 0 to count - 1. Requires: count > 0.
  std::uint32_t below(std::size_t count) { return static_cast<std::uint32_t>(bits() % count); }
  bool chance(unsigned percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

// What bodies may name. Function 0 is refuel, global 0 the fuel; there are a memory of one page and
// a table of functions.
struct Surroundings {
  std::vector<wasm::FuncType> types;
  std::vector<std::uint32_t> functions;  // their types
  std::vector<wasm::ValType> globals;    // all mutable
  std::vector<std::uint32_t> table;      // functions
};

class Body {
 public:
  Body(Random& random, const Surroundings& around, std::uint32_t function, unsigned size);

  // As the code section holds it, less its size.
  std::string generate();

 private:
  using ValType = wasm::ValType;
  using ValTypes = std::vector<ValType>;
  using Opcode = wasm::Opcode;

  // open: the bits of a NaN among the value's are not determined.
  struct Operand {
    ValType type;
    bool open = false;
  };
  struct Label {
    ValTypes types;  // what a branch to it takes
    bool is_loop = false;
  };

  void emit(std::string_view code) { code_ += code; }
  void emit(Opcode opcode);
  void push(ValType type, bool open = false);
  Operand pop();
  std::size_t available() const { return stack_.size() - floor_; }
  bool tops_are(const ValTypes& types) const;
  // What `make` does takes no operand that is there already.
  template <typename Make>
  void apart(Make make) {
    const std::size_t floor = floor_;
    floor_ = stack_.size();
    make();
    floor_ = floor;
  }

  void take_fuel();
  void stretch(unsigned steps, unsigned depth);
  void step(unsigned depth);
  void finish(const ValTypes& results);
  void sink();
  void settle_nan();
  void want(const ValTypes& types);
  void leaf(ValType type);
  void sum();
  void constant(ValType type);
  void get_local(std::uint32_t local);
  void set_local(ValType type, bool tee);
  void numeric();
  void apply(Opcode opcode);
  void compare();
  void truth();
  void condition();
  void address();
  std::uint32_t offset();
  void load(ValType type);
  void store();
  void bulk();
  void select();
  void multiply_add();
  void step_local();
  void call(bool indirect);
  void branch(unsigned kind);
  void block(unsigned depth, unsigned kind);
  void counted_loop(unsigned depth);
  std::string block_type(const wasm::FuncType& type) const;
  const ValTypes& label(std::uint32_t depth) const {
    return labels_[labels_.size() - 1 - depth].types;
  }
  // A local of the type; size() of the locals where there is none.
  std::uint32_t some_local(ValType type);

  Random& random_;
  const Surroundings& around_;
  std::uint32_t function_;
  const wasm::FuncType& type_;
  std::string code_;
  ValTypes locals_;
  std::vector<bool> small_;    // i32 locals that are always set to an address within the memory
  std::vector<bool> counter_;  // of a loop being generated: nobody else sets it
  std::vector<Operand> stack_;
  std::size_t floor_ = 0;  // operands below belong to outer blocks
  std::vector<Label> labels_;
  bool dead_ = false;  // behind an unconditional branch, until the block ends
  int budget_;
};

}  // namespace wherry::differential
