// Scalar arithmetic, and the operations that scalars and lanes of vectors share: what an instruction does is
// read off its mnemonic, "i32.add" or "i32x4.add".
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/Intrinsics.h>

#include "base/error.h"
#include "wasm/compiler/lower.h"

namespace wherry::wasm::compiler {

using llvm::CmpInst;
using llvm::Value;
using llvm::Intrinsic::ID;

namespace {

llvm::Type* scalar_type(llvm::IRBuilder<>& b, std::string_view name) {
  if (name == "i32") return b.getInt32Ty();
  if (name == "i64") return b.getInt64Ty();
  if (name == "f32") return b.getFloatTy();
  if (name == "f64") return b.getDoubleTy();
  return nullptr;
}

struct Comparison {
  std::string_view op;
  CmpInst::Predicate predicate;
};
constexpr Comparison kIntComparisons[] = {{"eq", CmpInst::ICMP_EQ},    {"ne", CmpInst::ICMP_NE},
                                          {"lt_s", CmpInst::ICMP_SLT}, {"lt_u", CmpInst::ICMP_ULT},
                                          {"gt_s", CmpInst::ICMP_SGT}, {"gt_u", CmpInst::ICMP_UGT},
                                          {"le_s", CmpInst::ICMP_SLE}, {"le_u", CmpInst::ICMP_ULE},
                                          {"ge_s", CmpInst::ICMP_SGE}, {"ge_u", CmpInst::ICMP_UGE}};
constexpr Comparison kFloatComparisons[] = {{"eq", CmpInst::FCMP_OEQ}, {"ne", CmpInst::FCMP_UNE},
                                            {"lt", CmpInst::FCMP_OLT}, {"gt", CmpInst::FCMP_OGT},
                                            {"le", CmpInst::FCMP_OLE}, {"ge", CmpInst::FCMP_OGE}};

struct Intrinsic {
  std::string_view op;
  ID id;
};
constexpr Intrinsic kIntIntrinsics[] = {
    {"min_s", llvm::Intrinsic::smin},         {"min_u", llvm::Intrinsic::umin},
    {"max_s", llvm::Intrinsic::smax},         {"max_u", llvm::Intrinsic::umax},
    {"add_sat_s", llvm::Intrinsic::sadd_sat}, {"add_sat_u", llvm::Intrinsic::uadd_sat},
    {"sub_sat_s", llvm::Intrinsic::ssub_sat}, {"sub_sat_u", llvm::Intrinsic::usub_sat}};
constexpr Intrinsic kFloatUnaries[] = {{"ceil", llvm::Intrinsic::ceil},
                                       {"floor", llvm::Intrinsic::floor},
                                       {"trunc", llvm::Intrinsic::trunc},
                                       {"nearest", llvm::Intrinsic::roundeven},
                                       {"sqrt", llvm::Intrinsic::sqrt}};

template <typename Row, std::size_t count>
const Row* row_of(const Row (&rows)[count], std::string_view op) {
  for (const Row& row : rows) {
    if (row.op == op) return &row;
  }
  return nullptr;
}

}  // namespace

// A value that no pass knows anything about.
Value* FunctionLowering::opaque(Value* value) {
  auto* type = llvm::FunctionType::get(value->getType(), {value->getType()}, false);
  auto* nothing = llvm::InlineAsm::get(type, "", "=x,0", false);
  llvm::CallInst* made = b_.CreateCall(type, nothing, {value});
  made->addFnAttr(llvm::Attribute::NoUnwind);
  made->setDoesNotAccessMemory();
  return made;
}

// LLVM takes x * 1 for x, and a signalling NaN through it; WebAssembly says it comes out quiet (core spec
// 4.3.3). So that such a constant does not show.
Value* FunctionLowering::quiet(Value* value) {
  auto* constant = llvm::dyn_cast<llvm::ConstantFP>(value);
  if (!constant) return value;
  const llvm::APFloat& number = constant->getValueAPF();
  const bool folds = number.isZero() || number.isExactlyValue(1.0) || number.isExactlyValue(-1.0);
  return folds ? opaque(value) : value;
}

bool FunctionLowering::integer_operation(std::string_view op, llvm::Type* type) {
  if (const Comparison* row = row_of(kIntComparisons, op)) {
    Value* b = pop_as(type);
    Value* a = pop_as(type);
    Value* holds = b_.CreateICmp(row->predicate, a, b);
    if (type->isVectorTy()) {
      push_vector(b_.CreateSExt(holds, type));
    } else {
      push_bool(holds);
    }
    return true;
  }
  auto put = [&](Value* value) { type->isVectorTy() ? push_vector(value) : push(value); };
  if (const Intrinsic* row = row_of(kIntIntrinsics, op)) {
    Value* b = pop_as(type);
    put(b_.CreateBinaryIntrinsic(row->id, pop_as(type), b));
    return true;
  }
  if (op == "shl" || op == "shr_s" || op == "shr_u") {
    Value* count = pop();
    if (type->isVectorTy()) {
      llvm::Type* lane = type->getScalarType();
      count = b_.CreateAnd(count, lane->getIntegerBitWidth() - 1);
      count = b_.CreateVectorSplat(llvm::cast<llvm::FixedVectorType>(type)->getNumElements(),
                                   b_.CreateZExtOrTrunc(count, lane));
    } else {
      count = b_.CreateAnd(count, type->getIntegerBitWidth() - 1);
    }
    Value* a = pop_as(type);
    put(op == "shl"     ? b_.CreateShl(a, count)
        : op == "shr_s" ? b_.CreateAShr(a, count)
                        : b_.CreateLShr(a, count));
    return true;
  }
  if (op == "neg") {
    put(b_.CreateNeg(pop_as(type)));
    return true;
  }
  if (op == "popcnt") {
    put(b_.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, pop_as(type)));
    return true;
  }
  llvm::Instruction::BinaryOps code;
  if (op == "add") {
    code = llvm::Instruction::Add;
  } else if (op == "sub") {
    code = llvm::Instruction::Sub;
  } else if (op == "mul") {
    code = llvm::Instruction::Mul;
  } else if (op == "and") {
    code = llvm::Instruction::And;
  } else if (op == "or") {
    code = llvm::Instruction::Or;
  } else if (op == "xor") {
    code = llvm::Instruction::Xor;
  } else {
    return false;
  }
  Value* b = pop_as(type);
  put(b_.CreateBinOp(code, pop_as(type), b));
  return true;
}

bool FunctionLowering::float_operation(std::string_view op, llvm::Type* type) {
  auto put = [&](Value* value) { type->isVectorTy() ? push_vector(value) : push(value); };
  if (const Comparison* row = row_of(kFloatComparisons, op)) {
    Value* b = pop_as(type);
    Value* holds = b_.CreateFCmp(row->predicate, pop_as(type), b);
    if (type->isVectorTy()) {
      push_vector(
          b_.CreateSExt(holds, llvm::VectorType::getInteger(llvm::cast<llvm::VectorType>(type))));
    } else {
      push_bool(holds);
    }
    return true;
  }
  if (const Intrinsic* row = row_of(kFloatUnaries, op)) {
    put(b_.CreateUnaryIntrinsic(row->id, pop_as(type)));
    return true;
  }
  if (op == "abs" || op == "neg") {
    Value* a = pop_as(type);
    put(op == "neg" ? b_.CreateFNeg(a) : b_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a));
    return true;
  }
  if (op == "copysign") {
    Value* b = pop_as(type);
    put(b_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, pop_as(type), b));
    return true;
  }
  if (op == "min" || op == "max") {
    const ID id = op == "min" ? llvm::Intrinsic::minimum : llvm::Intrinsic::maximum;
    Value* b = pop_as(type);
    Value* a = pop_as(type);
    // LLVM's would let a signalling NaN through; a sum does not.
    auto* ordered = llvm::cast<llvm::CallInst>(b_.CreateBinaryIntrinsic(id, a, b));
    ordered->setHasNoNaNs(true);
    put(b_.CreateSelect(b_.CreateFCmpUNO(a, b), b_.CreateFAdd(a, b), ordered));
    return true;
  }
  if (op == "pmin" || op == "pmax") {
    Value* b = pop_as(type);
    Value* a = pop_as(type);
    Value* other = op == "pmin" ? b_.CreateFCmpOLT(b, a) : b_.CreateFCmpOLT(a, b);
    put(b_.CreateSelect(other, b, a));
    return true;
  }
  llvm::Instruction::BinaryOps code;
  if (op == "add") {
    code = llvm::Instruction::FAdd;
  } else if (op == "sub") {
    code = llvm::Instruction::FSub;
  } else if (op == "mul") {
    code = llvm::Instruction::FMul;
  } else if (op == "div") {
    code = llvm::Instruction::FDiv;
  } else {
    return false;
  }
  Value* b = quiet(pop_as(type));
  Value* a = quiet(pop_as(type));
  put(b_.CreateBinOp(code, a, b));
  return true;
}

void FunctionLowering::divide(std::string_view op) {
  Value* b = pop();
  Value* a = pop();
  llvm::Type* type = a->getType();
  trap_if(b_.CreateIsNull(b), TrapCode::IntegerDivideByZero);
  if (op == "div_u") return push(b_.CreateUDiv(a, b));
  if (op == "rem_u") return push(b_.CreateURem(a, b));
  Value* minus_one = b_.CreateICmpEQ(b, llvm::ConstantInt::getAllOnesValue(type));
  if (op == "rem_s") {
    // The least number has no remainder by -1 in LLVM; any number has the same by 1.
    return push(b_.CreateSRem(a, b_.CreateSelect(minus_one, llvm::ConstantInt::get(type, 1), b)));
  }
  Value* least =
      llvm::ConstantInt::get(type, llvm::APInt::getSignedMinValue(type->getIntegerBitWidth()));
  trap_if(b_.CreateAnd(minus_one, b_.CreateICmpEQ(a, least)), TrapCode::IntegerOverflow);
  push(b_.CreateSDiv(a, b));
}

void FunctionLowering::scalar_int(std::string_view op, llvm::Type* type) {
  if (op == "eqz") return push_bool(b_.CreateIsNull(pop()));
  if (op == "clz" || op == "ctz") {
    const ID id = op == "clz" ? llvm::Intrinsic::ctlz : llvm::Intrinsic::cttz;
    return push(b_.CreateIntrinsic(id, {type}, {pop(), b_.getFalse()}));
  }
  if (op == "rotl" || op == "rotr") {
    Value* count = pop();
    Value* a = pop();
    const ID id = op == "rotl" ? llvm::Intrinsic::fshl : llvm::Intrinsic::fshr;
    return push(b_.CreateIntrinsic(id, {type}, {a, a, count}));
  }
  if (op.starts_with("div_") || op.starts_with("rem_")) return divide(op);
  if (integer_operation(op, type)) return;
  convert(op, type);
}

void FunctionLowering::scalar_float(std::string_view op, llvm::Type* type) {
  if (!float_operation(op, type)) convert(op, type);
}

void FunctionLowering::truncate(Value* from, llvm::Type* to, bool is_signed) {
  const unsigned bits = to->getIntegerBitWidth();
  llvm::Type* type = from->getType();
  // In range: above `below`, or from it, and below `above`; both exact in the float type.
  const double above = is_signed ? (bits == 32 ? 0x1p31 : 0x1p63) : (bits == 32 ? 0x1p32 : 0x1p64);
  Value* low;
  if (!is_signed) {
    low = b_.CreateFCmpOGT(from, llvm::ConstantFP::get(type, -1.0));
  } else if (bits == 32 && type->isDoubleTy()) {
    low = b_.CreateFCmpOGT(from, llvm::ConstantFP::get(type, -0x1p31 - 1));
  } else {
    low = b_.CreateFCmpOGE(from, llvm::ConstantFP::get(type, -above));
  }
  Value* good = b_.CreateAnd(low, b_.CreateFCmpOLT(from, llvm::ConstantFP::get(type, above)));
  llvm::BasicBlock* bad = block();
  llvm::BasicBlock* next = block();
  b_.CreateCondBr(good, next, bad);
  b_.SetInsertPoint(bad);
  trap(b_.CreateSelect(b_.CreateFCmpUNO(from, from),
                       b_.getInt32(static_cast<std::uint32_t>(TrapCode::InvalidConversion)),
                       b_.getInt32(static_cast<std::uint32_t>(TrapCode::IntegerOverflow))));
  b_.SetInsertPoint(next);
  push(is_signed ? b_.CreateFPToSI(from, to) : b_.CreateFPToUI(from, to));
}

void FunctionLowering::convert(std::string_view op, llvm::Type* type) {
  const bool is_signed = op.ends_with("_s");
  if (op == "wrap_i64") return push(b_.CreateTrunc(pop(), type));
  if (op.starts_with("extend_i32")) {
    Value* from = pop();
    return push(is_signed ? b_.CreateSExt(from, type) : b_.CreateZExt(from, type));
  }
  if (op.starts_with("extend")) {  // extend8_s, extend16_s, extend32_s
    llvm::Type* narrow = b_.getIntNTy(op[6] == '8' ? 8 : op[6] == '1' ? 16 : 32);
    return push(b_.CreateSExt(b_.CreateTrunc(pop(), narrow), type));
  }
  if (op.starts_with("trunc_sat_")) {
    Value* from = pop();
    return push(
        b_.CreateIntrinsic(is_signed ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat,
                           {type, from->getType()}, {from}));
  }
  if (op.starts_with("trunc_")) return truncate(pop(), type, is_signed);
  if (op.starts_with("convert_")) {
    Value* from = pop();
    return push(is_signed ? b_.CreateSIToFP(from, type) : b_.CreateUIToFP(from, type));
  }
  if (op == "demote_f64") {
    Value* from = pop();
    // Back and forth is not nothing: a signalling NaN comes out quiet.
    if (llvm::isa<llvm::FPExtInst>(from)) from = opaque(from);
    return push(b_.CreateFPTrunc(from, type));
  }
  if (op == "promote_f32") return push(b_.CreateFPExt(pop(), type));
  WHERRY_CHECK(op.starts_with("reinterpret_"));
  push(b_.CreateBitCast(pop(), type));
}

void FunctionLowering::numeric(Opcode opcode) {
  switch (opcode) {
    case Opcode::I32Const:
      return push(b_.getInt32(static_cast<std::uint32_t>(reader_.s64())));
    case Opcode::I64Const:
      return push(b_.getInt64(static_cast<std::uint64_t>(reader_.s64())));
    case Opcode::F32Const: {
      const llvm::APInt bits(32, reader_.fixed<std::uint32_t>());
      return push(
          llvm::ConstantFP::get(b_.getContext(), llvm::APFloat(llvm::APFloat::IEEEsingle(), bits)));
    }
    case Opcode::F64Const: {
      const llvm::APInt bits(64, reader_.fixed<std::uint64_t>());
      return push(
          llvm::ConstantFP::get(b_.getContext(), llvm::APFloat(llvm::APFloat::IEEEdouble(), bits)));
    }
    default:
      break;
  }
  const std::string_view mnemonic = info(opcode).mnemonic;
  const std::size_t dot = mnemonic.find('.');
  const std::string_view shape = mnemonic.substr(0, dot);
  const std::string_view op = mnemonic.substr(dot + 1);
  llvm::Type* type = scalar_type(b_, shape);
  if (!type) return vector(opcode, shape, op);
  type->isIntegerTy() ? scalar_int(op, type) : scalar_float(op, type);
}

}  // namespace wherry::wasm::compiler
