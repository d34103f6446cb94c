// One function body of a generated module (generate_module.h).
#pragma once

#include <string>
#include <vector>

#include "choices.h"
#include "wasm/format/opcodes.h"
#include "wasm/format/types.h"

namespace wherry::fuzz {

// What bodies may name. Function 0 is refuel, global 0 the fuel; there is a memory and, as table 0
// and 1, one of funcref and one of externref.
struct Surroundings {
  std::vector<wasm::FuncType> types;
  std::vector<std::uint32_t> functions;  // their types
  std::vector<wasm::GlobalType> globals;
  std::uint32_t data_segments = 0;
  // Element segments are funcref for even indices and externref for odd ones.
  std::uint32_t element_segments = 0;
};

enum class Purpose : bool {
  Run,
  // Engines are compared: what is computed shows in a last global, an i64, and a NaN of which the
  // specification leaves sign and payload open is replaced at once.
  Compare,
};

// Generates type-correct code: an expression for a wanted type, a statement for none.
class BodyGenerator {
 public:
  BodyGenerator(Choices& choices, const Surroundings& surroundings, Purpose purpose);

  // The body of a function as the code section holds it, less its size.
  std::string generate(const wasm::FuncType& type);

 private:
  using ValType = wasm::ValType;
  using ValTypes = std::vector<ValType>;

  void emit(std::string_view code) { code_ += code; }
  void take_fuel();

  void statements(unsigned depth);
  void statement(unsigned depth);
  void statement_of_memory(unsigned depth);
  void statement_of_tables(unsigned depth);
  void set_variable(unsigned depth);
  void branch(unsigned depth);
  void branch_if(unsigned depth);
  void branch_table(unsigned depth);
  void block(unsigned depth, const wasm::FuncType& type);
  void call(unsigned depth);

  void expression(ValType wanted, unsigned depth);
  void expressions(const ValTypes& wanted, unsigned depth);
  void leaf(ValType wanted);
  std::uint32_t spare_local(ValType type) const;
  void constant(ValType wanted);
  void reference(ValType wanted, unsigned depth);
  void operation(ValType wanted, unsigned depth);
  void apply(wasm::Opcode opcode, const wasm::OpcodeInfo& info, unsigned depth);
  void settle_nan(const wasm::OpcodeInfo& info);
  void show(ValType type);
  void show_locals();
  void address(unsigned depth);
  // The values on top, the last of `types` being the uppermost, are gone; to be compared they are shown.
  void drop(const ValTypes& types);
  // One value of `types` on the stack remains, of the wanted type; false where there is none.
  bool keep(const ValTypes& types, ValType wanted);

  std::string block_type(const wasm::FuncType& type);

  Choices& choices_;
  const Surroundings& around_;
  Purpose purpose_;
  std::string code_;
  ValTypes locals_;
  std::vector<ValTypes> labels_;  // what a branch to each takes, outermost first
  unsigned budget_ = 0;           // instructions that may still be generated, about
};

}  // namespace wherry::fuzz
