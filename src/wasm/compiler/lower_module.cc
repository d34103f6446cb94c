// Symbols, thunks and what every function's lowering shares.
#include <llvm/IR/MDBuilder.h>

#include "base/error.h"
#include "wasm/compiler/lower.h"

namespace wherry::wasm::compiler {

using llvm::Value;

namespace {

llvm::MDNode* no_operands(llvm::LLVMContext& context) { return llvm::MDNode::get(context, {}); }

struct HelperRow {
  char result;
  std::string_view parameters;
};
constexpr char v = 'v', i = 'i', l = 'l', n = 'n';
constexpr HelperRow kHelperRows[] = {
#define WHERRY_HELPER(name, result, parameters) {result, parameters},
#include "wasm/abi/helpers.def"
#undef WHERRY_HELPER
};

}  // namespace

llvm::CallInst* call_helper(llvm::IRBuilder<>& b, Value* instance, abi::Helper helper,
                            std::vector<Value*> arguments) {
  const HelperRow& row = kHelperRows[static_cast<std::size_t>(helper)];
  std::vector<llvm::Type*> types = {b.getPtrTy()};
  for (char letter : row.parameters) {
    types.push_back(letter == 'l' ? b.getInt64Ty() : b.getInt32Ty());
  }
  llvm::Type* result = row.result == 'i'   ? static_cast<llvm::Type*>(b.getInt32Ty())
                       : row.result == 'l' ? static_cast<llvm::Type*>(b.getInt64Ty())
                                           : b.getVoidTy();
  auto* type = llvm::FunctionType::get(result, types, false);
  const std::size_t at =
      offsetof(abi::InstanceHeader, helpers) + 8 * static_cast<std::size_t>(helper);
  llvm::LoadInst* native =
      b.CreateLoad(b.getPtrTy(), b.CreateConstGEP1_64(b.getInt8Ty(), instance, at));
  native->setMetadata(llvm::LLVMContext::MD_invariant_load, no_operands(b.getContext()));
  arguments.insert(arguments.begin(), instance);
  llvm::CallInst* made = b.CreateCall(type, native, arguments);
  if (row.result == 'n') {
    made->setDoesNotReturn();
    made->addFnAttr(llvm::Attribute::Cold);
  }
  return made;
}

Value* call_area(llvm::IRBuilder<>& b, Value* instance) {
  auto load_at = [&](Value* from, std::size_t offset) {
    return b.CreateLoad(b.getPtrTy(), b.CreateConstGEP1_64(b.getInt8Ty(), from, offset));
  };
  Value* runtime = load_at(instance, offsetof(abi::InstanceHeader, runtime));
  Value* activation = load_at(runtime, offsetof(abi::Runtime, activation));
  return load_at(activation, offsetof(abi::Activation, call_area));
}

Value* slot_at(llvm::IRBuilder<>& b, Value* area, std::size_t slot) {
  return b.CreateConstGEP1_64(b.getInt64Ty(), area, slot);
}

std::vector<Value*> ModuleLowering::load_values(llvm::IRBuilder<>& b, Value* at,
                                                const std::vector<ValType>& types) {
  std::vector<Value*> values;
  std::size_t slot = 0;
  for (ValType each : types) {
    values.push_back(b.CreateAlignedLoad(type(each), slot_at(b, at, slot), llvm::Align(8)));
    slot += slots_of(each);
  }
  return values;
}

void return_values(llvm::IRBuilder<>& b, std::vector<Value*> values) {
  if (values.empty()) {
    b.CreateRetVoid();
  } else if (values.size() == 1) {
    b.CreateRet(values[0]);
  } else {
    b.CreateAggregateRet(values.data(), static_cast<unsigned>(values.size()));
  }
}

ModuleLowering::ModuleLowering(const Module& wasm, const FixedTable* fixed, Moves moves,
                               llvm::Module& ir)
    : wasm_(wasm), fixed_(fixed), moves_(moves), ir_(ir), context_(ir.getContext()), layout_(wasm) {
  llvm::MDBuilder metadata(context_);
  llvm::MDNode* domain = metadata.createAnonymousAliasScopeDomain();
  memory_scope_ =
      llvm::MDNode::get(context_, {metadata.createAnonymousAliasScope(domain, kMemoryScope)});
  instance_scope_ =
      llvm::MDNode::get(context_, {metadata.createAnonymousAliasScope(domain, "instance")});
}

llvm::Type* ModuleLowering::type(ValType type) {
  switch (type) {
    case ValType::I32:
      return llvm::Type::getInt32Ty(context_);
    case ValType::F32:
      return llvm::Type::getFloatTy(context_);
    case ValType::F64:
      return llvm::Type::getDoubleTy(context_);
    case ValType::V128:
      return llvm::FixedVectorType::get(llvm::Type::getInt64Ty(context_), 2);
    default:
      return llvm::Type::getInt64Ty(context_);
  }
}

llvm::Type* ModuleLowering::result_type(const FuncType& of) {
  if (of.results.empty()) return llvm::Type::getVoidTy(context_);
  if (of.results.size() == 1) return type(of.results[0]);
  std::vector<llvm::Type*> parts;
  for (ValType result : of.results) parts.push_back(type(result));
  return llvm::StructType::get(context_, parts);
}

llvm::FunctionType* ModuleLowering::function_type(const FuncType& of, bool caller) {
  std::vector<llvm::Type*> parameters(caller ? 2 : 1, llvm::PointerType::get(context_, 0));
  for (ValType param : of.params) parameters.push_back(type(param));
  return llvm::FunctionType::get(result_type(of), parameters, false);
}

void ModuleLowering::set_attributes(llvm::Function& function) {
  function.addFnAttr(llvm::Attribute::NoUnwind);
  function.addFnAttr(llvm::Attribute::NullPointerIsValid);
  // No frame pointer, so that there is a register more: frames are found by a table made of LLVM's
  // (frames.h), which can say where they are if nothing aligns the stack further.
  function.addFnAttr("frame-pointer", "none");
  function.addFnAttr("no-realign-stack");
  function.setUWTableKind(llvm::UWTableKind::Sync);
  function.addFnAttr("probe-stack", "inline-asm");
  function.addFnAttr("stack-probe-size", "4096");
  function.addFnAttr("disable-tail-calls", "true");
  function.addFnAttr("no-builtins");
}

llvm::Function* ModuleLowering::function(std::uint32_t index) {
  const std::string name = "f" + std::to_string(index);
  if (llvm::Function* known = ir_.getFunction(name)) return known;
  llvm::Function* made = llvm::Function::Create(function_type(wasm_.type_of(index), false),
                                                llvm::GlobalValue::ExternalLinkage, name, ir_);
  made->setVisibility(llvm::GlobalValue::HiddenVisibility);
  made->setDSOLocal(true);
  made->addParamAttr(0, llvm::Attribute::SwiftSelf);
  set_attributes(*made);
  return made;
}

void ModuleLowering::define_function(std::uint32_t defined) {
  needed_types_.insert(wasm_.functions[wasm_.imported_functions + defined]);
  FunctionLowering(*this, defined, function(wasm_.imported_functions + defined)).run();
}

void ModuleLowering::define_thunks(std::uint32_t type) {
  define_entry_thunk(type);
  define_exit_thunk(type);
}

llvm::GlobalVariable* ModuleLowering::fixed_table_part(llvm::Type* element, const char* name) {
  if (llvm::GlobalVariable* known = ir_.getNamedGlobal(name)) return known;
  auto* made = new llvm::GlobalVariable(ir_, llvm::ArrayType::get(element, fixed_->size()), true,
                                        llvm::GlobalValue::ExternalLinkage, nullptr, name);
  made->setVisibility(llvm::GlobalValue::HiddenVisibility);
  made->setDSOLocal(true);
  return made;
}

llvm::GlobalVariable* ModuleLowering::fixed_types() {
  return fixed_table_part(llvm::Type::getInt16Ty(context_), "table_types");
}

llvm::GlobalVariable* ModuleLowering::fixed_offsets() {
  return fixed_table_part(llvm::Type::getInt64Ty(context_), "table_offsets");
}

void ModuleLowering::define_fixed_table() {
  if (!fixed_) return;
  llvm::Type* wide = llvm::Type::getInt64Ty(context_);
  llvm::Constant* start = llvm::ConstantExpr::getPtrToInt(fixed_offsets(), wide);
  std::vector<std::uint16_t> types;
  std::vector<llvm::Constant*> offsets;
  for (std::uint32_t index : *fixed_) {
    if (index == kNoFunction || index < wasm_.imported_functions) {
      types.push_back(kNoFixedType);
      offsets.push_back(llvm::ConstantInt::get(wide, 0));
      continue;
    }
    types.push_back(static_cast<std::uint16_t>(layout_.first_equal(wasm_.functions[index])));
    llvm::Function* callee = function(index);
    // 0 where the artifact lacks it: nothing is compiled, nor made in its place, for the table's sake.
    callee->setLinkage(llvm::GlobalValue::ExternalWeakLinkage);
    offsets.push_back(
        llvm::ConstantExpr::getSub(llvm::ConstantExpr::getPtrToInt(callee, wide), start));
  }
  fixed_types()->setInitializer(llvm::ConstantDataArray::get(context_, types));
  fixed_offsets()->setInitializer(llvm::ConstantArray::get(
      llvm::cast<llvm::ArrayType>(fixed_offsets()->getValueType()), offsets));
}

void ModuleLowering::define_entry_thunk(std::uint32_t type_index) {
  const FuncType& of = wasm_.types[type_index];
  llvm::IRBuilder<> b(context_);
  llvm::Function* thunk = llvm::Function::Create(
      llvm::FunctionType::get(b.getVoidTy(), {b.getPtrTy(), b.getPtrTy(), b.getPtrTy()}, false),
      llvm::GlobalValue::ExternalLinkage, "enter" + std::to_string(type_index), ir_);
  thunk->setVisibility(llvm::GlobalValue::HiddenVisibility);
  set_attributes(*thunk);
  b.SetInsertPoint(llvm::BasicBlock::Create(context_, "", thunk));
  Value* slots = thunk->getArg(1);
  std::vector<Value*> arguments = {thunk->getArg(0)};
  for (Value* argument : load_values(b, slots, of.params)) arguments.push_back(argument);
  llvm::CallInst* made = b.CreateCall(function_type(of, false), thunk->getArg(2), arguments);
  made->addParamAttr(0, llvm::Attribute::SwiftSelf);
  unsigned slot = 0;
  for (unsigned r = 0; r < of.results.size(); ++r) {
    Value* value = of.results.size() == 1 ? made : b.CreateExtractValue(made, r);
    if (of.results[r] == ValType::I32) value = b.CreateZExt(value, b.getInt64Ty());
    b.CreateAlignedStore(value, slot_at(b, slots, slot), llvm::Align(8));
    slot += slots_of(of.results[r]);
  }
  b.CreateRetVoid();
}

void ModuleLowering::define_exit_thunk(std::uint32_t type_index) {
  const FuncType& of = wasm_.types[type_index];
  llvm::IRBuilder<> b(context_);
  llvm::Function* thunk =
      llvm::Function::Create(function_type(of, true), llvm::GlobalValue::ExternalLinkage,
                             "leave" + std::to_string(type_index), ir_);
  thunk->setVisibility(llvm::GlobalValue::HiddenVisibility);
  thunk->addParamAttr(0, llvm::Attribute::SwiftSelf);
  thunk->addParamAttr(1, llvm::Attribute::Nest);
  set_attributes(*thunk);
  b.SetInsertPoint(llvm::BasicBlock::Create(context_, "", thunk));
  Value* caller = thunk->getArg(0);
  Value* entry = thunk->getArg(1);
  Value* slots = call_area(b, caller);
  unsigned slot = 0;
  for (unsigned p = 0; p < of.params.size(); ++p) {
    Value* value = thunk->getArg(p + 2);
    if (of.params[p] == ValType::I32) value = b.CreateZExt(value, b.getInt64Ty());
    b.CreateAlignedStore(value, slot_at(b, slots, slot), llvm::Align(8));
    slot += slots_of(of.params[p]);
  }
  call_helper(b, caller, abi::Helper::call, {b.CreatePtrToInt(entry, b.getInt64Ty())});
  return_values(b, load_values(b, slots, of.results));
}

FunctionLowering::FunctionLowering(ModuleLowering& module, std::uint32_t defined,
                                   llvm::Function* into)
    : module_(module),
      wasm_(module.wasm_),
      defined_(defined),
      code_(wasm_.code[defined]),
      reader_(code_.body),
      function_(into),
      b_(module.context_) {}

llvm::BasicBlock* FunctionLowering::block() {
  return llvm::BasicBlock::Create(b_.getContext(), "", function_);
}

void FunctionLowering::trap(Value* code) {
  helper(abi::Helper::trap, {code});
  b_.CreateUnreachable();
}

llvm::BasicBlock* FunctionLowering::trap_block(TrapCode code) {
  llvm::BasicBlock*& known = traps_[static_cast<std::size_t>(code)];
  if (known) return known;
  known = block();
  llvm::IRBuilder<>::InsertPointGuard guard(b_);
  b_.SetInsertPoint(known);
  trap(b_.getInt32(static_cast<std::uint32_t>(code)));
  return known;
}

void FunctionLowering::trap_if(Value* condition, TrapCode code) {
  llvm::BasicBlock* next = block();
  b_.CreateCondBr(condition, trap_block(code), next,
                  llvm::MDBuilder(b_.getContext()).createBranchWeights(1, 1 << 20));
  b_.SetInsertPoint(next);
}

Value* FunctionLowering::field(std::size_t offset) {
  return b_.CreateConstGEP1_64(b_.getInt8Ty(), instance_, offset);
}

Value* FunctionLowering::constant_field(llvm::Type* type, std::size_t offset) {
  llvm::LoadInst* made = b_.CreateLoad(type, field(offset));
  made->setMetadata(llvm::LLVMContext::MD_invariant_load, no_operands(b_.getContext()));
  made->setMetadata(llvm::LLVMContext::MD_alias_scope, module_.instance_scope_);
  made->setMetadata(llvm::LLVMContext::MD_noalias, module_.memory_scope_);
  return made;
}

llvm::LoadInst* FunctionLowering::instance_load(llvm::Type* type, Value* at) {
  llvm::LoadInst* made = b_.CreateAlignedLoad(type, at, llvm::Align(4));
  made->setMetadata(llvm::LLVMContext::MD_alias_scope, module_.instance_scope_);
  made->setMetadata(llvm::LLVMContext::MD_noalias, module_.memory_scope_);
  return made;
}

void FunctionLowering::instance_store(Value* value, Value* at) {
  llvm::StoreInst* made = b_.CreateAlignedStore(value, at, llvm::Align(8));
  made->setMetadata(llvm::LLVMContext::MD_alias_scope, module_.instance_scope_);
  made->setVolatile(true);
  made->setMetadata(llvm::LLVMContext::MD_noalias, module_.memory_scope_);
}

Value* FunctionLowering::helper(abi::Helper which, Values arguments) {
  return call_helper(b_, instance_, which, std::move(arguments));
}

}  // namespace wherry::wasm::compiler
