// The validation algorithm for one function body at a time (core spec 3.3, appendix 7.6).
//
// Bytes become operand types in one pass: the body is decoded as it is checked, with nothing
// allocated per instruction. Internal to wasm/format.
#pragma once

#include <vector>

#include "wasm/format/module.h"
#include "wasm/format/opcodes.h"
#include "wasm/format/reader.h"

namespace wherry::wasm {

// Functions that ref.func may name: those that occur in the module outside of bodies, by index
// (core spec 3.4.10, the context's refs).
using DeclaredFunctions = std::vector<bool>;

// Thread safety: one object belongs to one thread; several may work on one module.
class FunctionValidator {
 public:
  // Requires: everything in the module but the bodies is valid. Both outlive the validator.
  FunctionValidator(const Module& module, const DeclaredFunctions& declared);

  // Checks module.code[defined]. Throws as validate() does.
  void check(std::uint32_t defined);

 private:
  enum class BlockKind : std::uint8_t { Function, Block, Loop, If, Else };
  struct Types {
    const ValType* data;
    std::uint32_t count;
  };
  struct Block {
    BlockKind kind;
    bool unreachable;      // the rest of the block is stack-polymorphic
    std::uint32_t height;  // of the operand stack where the block begins, below its parameters
    Types params;
    Types results;
  };

  void load_locals(const FuncType& type, const Code& code);
  void common_instructions();
  void instruction(std::uint8_t byte);
  void numeric(std::uint32_t code);
  void vector(std::uint32_t code);
  void apply(const OpcodeInfo& info);

  void begin_block(BlockKind kind);
  void push_block(BlockKind kind, Types params, Types results);
  void on_else();
  void end();
  void br_table();
  void call(const FuncType& type);
  void call_indirect();
  void select();
  void select_typed();
  void memory_access(unsigned width);
  void require_memory();
  void table_copy();
  void table_init();

  ValType local(std::uint32_t index);
  ValType local_beyond_expanded(std::uint32_t index) const;
  const GlobalType& global(std::uint32_t index);
  ValType table(std::uint32_t index);
  const FuncType& type(std::uint32_t index);
  Types label();
  void data_segment(std::uint32_t index);
  ValType element_segment(std::uint32_t index);
  void lane(unsigned lanes);

  void push(ValType type) {
    if (top_ == limit_) grow(1);
    *top_++ = type;
  }
  void push_all(Types types);
  ValType pop();
  void pop(ValType expected) {
    if (top_ != floor_ && top_[-1] == expected) {
      --top_;
    } else {
      pop_slowly(expected);
    }
  }
  void pop_slowly(ValType expected);
  void pop_all(Types expected);
  bool on_top(Types types) const;
  void check_top(Types expected);
  void set_unreachable();
  void require_empty_block();
  void grow(std::uint32_t count);

  [[noreturn]] void mismatch(ValType expected);
  [[noreturn]] void invalid(std::string_view rule);

  const Module& module_;
  const DeclaredFunctions& declared_;
  const OpcodeInfo* const one_byte_ = opcode_table(0);
  const OpcodeInfo* const numeric_ = opcode_table(kPrefixNumeric);
  const OpcodeInfo* const vector_ = opcode_table(kPrefixVector);

  // Of the body being checked.
  std::uint32_t function_ = 0;
  std::size_t instruction_ = 0;  // offset of the present instruction
  Reader reader_;
  std::vector<Block> blocks_;
  // The types of the first locals, parameters included; the others are looked up in their groups,
  // so that a body of a few bytes cannot ask for more work than it is long.
  std::vector<ValType> locals_;
  std::uint32_t local_count_ = 0;
  const Code* code_ = nullptr;
  std::vector<std::uint32_t> group_ends_;

  // The operand stack: [stack_.data(), top_), of which the present block may take down to floor_.
  std::vector<ValType> stack_;
  ValType* top_ = nullptr;
  ValType* floor_ = nullptr;
  ValType* limit_ = nullptr;
};

}  // namespace wherry::wasm
