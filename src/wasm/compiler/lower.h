// WebAssembly functions as LLVM IR (core spec 4.4), against the layouts of wasm/abi. Internal to wasm/compiler.
#pragma once

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "wasm/abi/layout.h"
#include "wasm/artifact/artifact.h"
#include "wasm/compiler/body_reader.h"
#include "wasm/compiler/fixed_table.h"
#include "wasm/format/module.h"
#include "wasm/format/opcodes.h"

namespace wherry::wasm::compiler {

// As the engine's TrapKind: part of the ABI.
enum class TrapCode : std::uint8_t {
  Unreachable = 1,
  OutOfBoundsMemory,
  OutOfBoundsTable,
  UndefinedElement,
  UninitializedElement,
  IndirectCallTypeMismatch,
  IntegerDivideByZero,
  IntegerOverflow,
  InvalidConversion,
};

// The name of the alias scope of the guest's memory, by which passes know its accesses.
inline constexpr const char* kMemoryScope = "memory";

// Of an element of a fixed table that no call goes to directly.
inline constexpr std::uint16_t kNoFixedType = 0xffff;

// Where functions can be left, at loops' heads, for better code that came meanwhile: at all of them; or where they were
// entered if that loop has calls, which no vectoriser looks at.
enum class Moves : std::uint8_t { No, WhereEntered, AtLoops };

// The symbols of one LLVM module: functions and thunks, declared where others define them.
class ModuleLowering {
 public:
  // fixed: null where the module has no such table. Both must outlive it.
  ModuleLowering(const Module& wasm, const FixedTable* fixed, Moves moves, llvm::Module& ir);

  void define_function(std::uint32_t defined);
  void define_thunks(std::uint32_t type);
  // A function that begins at a loop's head. Throws Error(InvalidArgument) where that cannot be reached.
  void define_loop(const LoopId& loop);
  // The loop's function, and it entered at the loop's head: of one body, which takes half the time of two. Throws
  // likewise.
  void define_function_with_loop(const LoopId& loop);
  // What calls through the fixed table look up, if there is one.
  void define_fixed_table();

  // Of what was defined so far: the types by whose thunks it is entered, or enters others ...
  const std::set<std::uint32_t>& needed_types() const { return needed_types_; }
  // ... and whether it looks anything up in the fixed table.
  bool uses_fixed_table() const { return ir_.getNamedGlobal("table_types") != nullptr; }

 private:
  friend class FunctionLowering;

  llvm::Type* type(ValType type);
  llvm::Type* result_type(const FuncType& type);
  // caller: with the parameter that the ABI calls nest.
  llvm::FunctionType* function_type(const FuncType& type, bool caller);
  llvm::Function* function(std::uint32_t index);
  void set_attributes(llvm::Function& function);
  llvm::GlobalVariable* fixed_table_part(llvm::Type* element, const char* name);
  llvm::GlobalVariable* fixed_types();  // 16 bits an element: the first of equal types
  llvm::GlobalVariable*
  fixed_offsets();  // 64 bits an element: the function, from the array's start
  llvm::Function* define_loop(const LoopId& loop, bool from_start_too);
  // Values of these types, as they stand in slots from `at` on.
  std::vector<llvm::Value*> load_values(llvm::IRBuilder<>& b, llvm::Value* at,
                                        const std::vector<ValType>& types);
  void define_entry_thunk(std::uint32_t type);
  void define_exit_thunk(std::uint32_t type);

  const Module& wasm_;
  const FixedTable* fixed_;
  Moves moves_;
  llvm::Module& ir_;
  llvm::LLVMContext& context_;
  abi::InstanceLayout layout_;
  llvm::MDNode* memory_scope_;    // accesses of the guest's memory ...
  llvm::MDNode* instance_scope_;  // ... and of everything else never meet
  std::set<std::uint32_t> needed_types_;
};

class FunctionLowering {
 public:
  // into: what the body becomes.
  FunctionLowering(ModuleLowering& module, std::uint32_t defined, llvm::Function* into);
  void run();

 private:
  enum class BlockKind : std::uint8_t { Block, Loop, If };
  struct Control {
    BlockKind kind = BlockKind::Block;
    FuncType type;
    std::size_t height = 0;
    llvm::BasicBlock* label = nullptr;  // where branches lead
    std::vector<llvm::PHINode*> label_values;
    llvm::BasicBlock* end = nullptr;
    std::vector<llvm::PHINode*> end_values;
    llvm::BasicBlock* otherwise = nullptr;  // If: until an else is met
    std::vector<llvm::Value*> otherwise_values;
  };
  using Values = std::vector<llvm::Value*>;

  // --- lower.cc: control, variables, calls
  void prologue();
  void instruction(Opcode opcode);
  void unreachable_instruction(Opcode opcode);
  FuncType block_type();
  void open(BlockKind kind);
  void on_else();
  void on_end();
  void leave_to(llvm::BasicBlock* block, const std::vector<llvm::PHINode*>& into);
  Control& label(std::uint32_t depth) { return controls_[controls_.size() - 1 - depth]; }
  void branch(std::uint32_t depth);
  void branch_if(std::uint32_t depth);
  void branch_table();
  void call(std::uint32_t index);
  void call_indirect();
  llvm::Value* fixed_offset(llvm::Value* index, std::uint32_t type);
  void finish_call(llvm::CallInst* made, const FuncType& type);
  llvm::Value* call_through(llvm::Value* entry, const FuncType& type, Values arguments);
  void select();
  void tables(Opcode opcode);
  llvm::Value* global_cell(std::uint32_t index);

  // --- lower_osr.cc
  llvm::BasicBlock* choose_start();
  void suspend_entry(llvm::BasicBlock* start);
  void join_entry();
  void keep_below(std::size_t height);
  void fetch_below(std::size_t height);
  llvm::AllocaInst* kept_at(std::size_t index, llvm::Type* type);
  llvm::Value* entry_value(llvm::Type* type);
  void return_to_slots(const Values& results);

  // --- lower_move.cc
  bool offers_move(std::uint32_t ordinal) const;
  void offer_move(std::uint32_t ordinal);
  void leave_for(llvm::Value* code);
  void define_leaving();

  // --- lower_memory.cc
  bool memory(Opcode opcode);
  llvm::Value* address(std::uint32_t offset);
  llvm::LoadInst* guest_load(llvm::Type* type, llvm::Value* address);
  void guest_store(llvm::Value* value, llvm::Value* address);

  // --- lower_numeric.cc, lower_vector.cc
  void numeric(Opcode opcode);
  void scalar_int(std::string_view op, llvm::Type* type);
  void scalar_float(std::string_view op, llvm::Type* type);
  void convert(std::string_view op, llvm::Type* type);
  void divide(std::string_view op);
  void truncate(llvm::Value* from, llvm::Type* to, bool is_signed);
  llvm::Value* opaque(llvm::Value* value);
  llvm::Value* quiet(llvm::Value* value);
  bool integer_operation(std::string_view op, llvm::Type* type);
  bool float_operation(std::string_view op, llvm::Type* type);
  void vector(Opcode opcode, std::string_view shape, std::string_view op);
  bool vector_memory(Opcode opcode, std::string_view op);
  void vector_convert(std::string_view shape, std::string_view op);
  llvm::FixedVectorType* shape_type(std::string_view shape);
  llvm::Value* pop_as(llvm::Type* type) { return b_.CreateBitCast(pop(), type); }
  void push_vector(llvm::Value* value);

  // --- shared
  llvm::Value* pop() {
    llvm::Value* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  void push(llvm::Value* value) { stack_.push_back(value); }
  void push_bool(llvm::Value* value) { push(b_.CreateZExt(value, b_.getInt32Ty())); }
  llvm::BasicBlock* block();
  void trap_if(llvm::Value* condition, TrapCode code);
  llvm::BasicBlock* trap_block(TrapCode code);
  void trap(llvm::Value* code);
  llvm::Value* field(std::size_t offset);  // address in the instance
  // A field that never changes while the instance lives.
  llvm::Value* constant_field(llvm::Type* type, std::size_t offset);
  llvm::LoadInst* instance_load(llvm::Type* type, llvm::Value* at);
  void instance_store(llvm::Value* value, llvm::Value* at);
  llvm::Value* helper(abi::Helper helper, Values arguments);
  llvm::LoadInst* unchanging(llvm::LoadInst* load);
  llvm::Value* table_element(std::uint32_t table, llvm::Value* index, TrapCode code);

  friend class ModuleLowering;

  ModuleLowering& module_;
  const Module& wasm_;
  const std::uint32_t defined_;
  const Code& code_;
  BodyReader reader_;
  llvm::Function* function_;
  llvm::IRBuilder<> b_;
  llvm::Value* instance_ = nullptr;
  llvm::Value* memory_ = nullptr;
  std::vector<llvm::AllocaInst*> locals_;
  Values stack_;
  std::vector<Control> controls_;
  llvm::BasicBlock* traps_[16] = {};
  bool dead_ = false;
  unsigned dead_blocks_ = 0;
  std::uint32_t loops_ = 0;  // met so far
  // Which of them the function begins at, if not at its start.
  std::optional<std::uint32_t> enter_at_;
  bool from_start_too_ = false;        // with enter_at_
  llvm::BasicBlock* entry_ = nullptr;  // until that is met
  std::uint64_t entry_slots_ = 0;      // that it has read
  std::map<std::pair<std::size_t, llvm::Type*>, llvm::AllocaInst*> kept_;
  // Where all moves come together, with the code that they go on in; null while there are none.
  llvm::BasicBlock* leaving_ = nullptr;
  llvm::PHINode* leaving_for_ = nullptr;
};

// helper's type and call, from any function that has the instance at hand.
llvm::CallInst* call_helper(llvm::IRBuilder<>& b, llvm::Value* instance, abi::Helper helper,
                            std::vector<llvm::Value*> arguments);

// Where values go that pass between compiled code and the engine (abi::Activation).
llvm::Value* call_area(llvm::IRBuilder<>& b, llvm::Value* instance);
llvm::Value* slot_at(llvm::IRBuilder<>& b, llvm::Value* area, std::size_t slot);

// From a function whose results they are, by their number: nothing, a value, a structure.
void return_values(llvm::IRBuilder<>& b, std::vector<llvm::Value*> values);

using abi::slots_of;
inline std::uint32_t slots_of(const llvm::Type* type) { return type->isVectorTy() ? 2 : 1; }

}  // namespace wherry::wasm::compiler
