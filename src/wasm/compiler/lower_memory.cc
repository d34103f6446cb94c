// Loads and stores of the guest's memory, without bounds checks: an access outside faults (abi.h).
//
// They are volatile, as is every store to a global or a table: LLVM takes a plain load for one that cannot
// fault, drops it when its value turns out not to matter, moves it to where the value is used, and moves stores
// across it. What a guest did before a trap, and whether it trapped, would then differ from what the
// specification says. Only the vectorisers see plain ones (object.cc).
#include "wasm/compiler/lower.h"

namespace wherry::wasm::compiler {

using llvm::Value;

Value* FunctionLowering::address(std::uint32_t offset) {
  Value* index = b_.CreateZExt(pop(), b_.getInt64Ty());
  if (offset > 0) index = b_.CreateNUWAdd(index, b_.getInt64(offset));
  return b_.CreateGEP(b_.getInt8Ty(), memory_, index);
}

llvm::LoadInst* FunctionLowering::guest_load(llvm::Type* type, Value* at) {
  llvm::LoadInst* made = b_.CreateAlignedLoad(type, at, llvm::Align(1));
  made->setVolatile(true);
  made->setMetadata(llvm::LLVMContext::MD_alias_scope, module_.memory_scope_);
  made->setMetadata(llvm::LLVMContext::MD_noalias, module_.instance_scope_);
  return made;
}

void FunctionLowering::guest_store(Value* value, Value* at) {
  llvm::StoreInst* made = b_.CreateAlignedStore(value, at, llvm::Align(1));
  made->setVolatile(true);
  made->setMetadata(llvm::LLVMContext::MD_alias_scope, module_.memory_scope_);
  made->setMetadata(llvm::LLVMContext::MD_noalias, module_.instance_scope_);
}

bool FunctionLowering::memory(Opcode opcode) {
  const OpcodeInfo& row = info(opcode);
  const std::string_view name = row.mnemonic;
  switch (opcode) {
    case Opcode::MemorySize: {
      reader_.byte();
      Value* view = constant_field(b_.getPtrTy(), offsetof(abi::InstanceHeader, memory));
      Value* bytes = instance_load(
          b_.getInt64Ty(),
          b_.CreateConstGEP1_32(b_.getInt8Ty(), view, offsetof(abi::MemoryView, bytes)));
      push(b_.CreateTrunc(b_.CreateLShr(bytes, 16), b_.getInt32Ty()));
      return true;
    }
    case Opcode::MemoryGrow:
      reader_.byte();
      push(helper(abi::Helper::memory_grow, {pop()}));
      return true;
    case Opcode::DataDrop:
      helper(abi::Helper::data_drop, {b_.getInt32(reader_.u32())});
      return true;
    case Opcode::MemoryInit:
    case Opcode::MemoryCopy:
    case Opcode::MemoryFill: {
      Value* segment = nullptr;
      if (opcode == Opcode::MemoryInit) segment = b_.getInt32(reader_.u32());
      reader_.byte();
      if (opcode == Opcode::MemoryCopy) reader_.byte();
      Value* count = pop();
      Value* from = pop();
      Value* to = pop();
      if (segment) {
        helper(abi::Helper::memory_init, {segment, to, from, count});
      } else {
        helper(opcode == Opcode::MemoryCopy ? abi::Helper::memory_copy : abi::Helper::memory_fill,
               {to, from, count});
      }
      return true;
    }
    default:
      break;
  }
  if (row.immediate != Immediate::MemArg ||
      static_cast<std::uint16_t>(opcode) >> 8 == kPrefixVector) {
    return false;
  }
  reader_.u32();
  const std::uint32_t offset = reader_.u32();
  const bool is_float = name[0] == 'f';
  llvm::Type* stored = is_float ? (row.width == 2 ? b_.getFloatTy() : b_.getDoubleTy())
                                : b_.getIntNTy(8u << row.width);
  if (row.result_count == 0) {
    Value* value = pop();
    if (!is_float) value = b_.CreateTrunc(value, stored);
    guest_store(value, address(offset));
    return true;
  }
  Value* value = guest_load(stored, address(offset));
  llvm::Type* result = module_.type(row.result);
  if (stored != result) {
    value = name.ends_with("_s") ? b_.CreateSExt(value, result) : b_.CreateZExt(value, result);
  }
  push(value);
  return true;
}

}  // namespace wherry::wasm::compiler
