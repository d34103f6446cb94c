// Vector instructions (core spec 4.3.5 and the following). A v128 is <2 x i64>, and bits are reinterpreted on
// the way into an operation.
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <numeric>

#include "base/error.h"
#include "wasm/compiler/lower.h"

namespace wherry::wasm::compiler {

using llvm::FixedVectorType;
using llvm::Value;

namespace {

std::vector<int> lanes_from(int first, int count, int step = 1) {
  std::vector<int> lanes;
  for (int lane = 0; lane < count; ++lane) lanes.push_back(first + lane * step);
  return lanes;
}

FixedVectorType* with_lanes(llvm::Type* lane, unsigned count) {
  return FixedVectorType::get(lane, count);
}

// The same number of bits in lanes of twice, or half, the width.
FixedVectorType* wider(llvm::IRBuilder<>& b, FixedVectorType* type) {
  return with_lanes(b.getIntNTy(type->getScalarSizeInBits() * 2), type->getNumElements() / 2);
}
FixedVectorType* narrower(llvm::IRBuilder<>& b, FixedVectorType* type) {
  return with_lanes(b.getIntNTy(type->getScalarSizeInBits() / 2), type->getNumElements() * 2);
}
FixedVectorType* lanes_twice_as_wide(llvm::IRBuilder<>& b, FixedVectorType* type) {
  return with_lanes(b.getIntNTy(type->getScalarSizeInBits() * 2), type->getNumElements());
}

}  // namespace

FixedVectorType* FunctionLowering::shape_type(std::string_view shape) {
  if (shape == "i8x16") return with_lanes(b_.getInt8Ty(), 16);
  if (shape == "i16x8") return with_lanes(b_.getInt16Ty(), 8);
  if (shape == "i32x4") return with_lanes(b_.getInt32Ty(), 4);
  if (shape == "f32x4") return with_lanes(b_.getFloatTy(), 4);
  if (shape == "f64x2") return with_lanes(b_.getDoubleTy(), 2);
  return with_lanes(b_.getInt64Ty(), 2);  // i64x2, v128
}

void FunctionLowering::push_vector(Value* value) {
  push(b_.CreateBitCast(value, with_lanes(b_.getInt64Ty(), 2)));
}

bool FunctionLowering::vector_memory(Opcode opcode, std::string_view op) {
  const OpcodeInfo& row = info(opcode);
  const bool has_lane = row.immediate == Immediate::MemArgLane;
  if (!has_lane && row.immediate != Immediate::MemArg) return false;
  reader_.u32();
  const std::uint32_t offset = reader_.u32();
  const unsigned bits = 8u << row.width;
  FixedVectorType* whole = with_lanes(b_.getInt64Ty(), 2);
  if (has_lane) {
    FixedVectorType* type = with_lanes(b_.getIntNTy(bits), 128 / bits);
    const std::uint64_t lane = reader_.byte();
    Value* vector = pop_as(type);
    Value* at = address(offset);
    if (op.starts_with("store")) {
      guest_store(b_.CreateExtractElement(vector, lane), at);
    } else {
      push_vector(b_.CreateInsertElement(vector, guest_load(type->getScalarType(), at), lane));
    }
    return true;
  }
  if (op == "store") {
    Value* value = pop();
    guest_store(value, address(offset));
  } else if (op == "load") {
    push(guest_load(whole, address(offset)));
  } else if (op.ends_with("_splat")) {
    push_vector(b_.CreateVectorSplat(128 / bits, guest_load(b_.getIntNTy(bits), address(offset))));
  } else if (op.ends_with("_zero")) {
    FixedVectorType* type = with_lanes(b_.getIntNTy(bits), 128 / bits);
    Value* value = guest_load(type->getScalarType(), address(offset));
    push_vector(
        b_.CreateInsertElement(llvm::Constant::getNullValue(type), value, std::uint64_t{0}));
  } else {  // load8x8_s and the like: 8 bytes, each lane widened
    const unsigned narrow = op[4] == '8' ? 8 : op[4] == '1' ? 16 : 32;
    FixedVectorType* type = with_lanes(b_.getIntNTy(narrow), 64 / narrow);
    Value* value = guest_load(type, address(offset));
    llvm::Type* wide = lanes_twice_as_wide(b_, type);
    push_vector(op.ends_with("_s") ? b_.CreateSExt(value, wide) : b_.CreateZExt(value, wide));
  }
  return true;
}

void FunctionLowering::vector_convert(std::string_view shape, std::string_view op) {
  FixedVectorType* type = shape_type(shape);
  const bool is_signed = op.find("_s") != std::string_view::npos && !op.ends_with("_u") &&
                         op.find("_u_") == std::string_view::npos;
  auto first_half = [&](Value* value) {
    const int count =
        static_cast<int>(llvm::cast<FixedVectorType>(value->getType())->getNumElements());
    return b_.CreateShuffleVector(value, lanes_from(0, count / 2));
  };
  auto with_zeros = [&](Value* value) {
    Value* zero = llvm::Constant::getNullValue(value->getType());
    return b_.CreateShuffleVector(value, zero, lanes_from(0, 4));
  };
  const llvm::Intrinsic::ID saturating =
      op.find("_f32x4_s") != std::string_view::npos || op.find("_f64x2_s") != std::string_view::npos
          ? llvm::Intrinsic::fptosi_sat
          : llvm::Intrinsic::fptoui_sat;
  if (op.starts_with("trunc_sat_f32x4")) {
    Value* from = pop_as(shape_type("f32x4"));
    return push_vector(b_.CreateIntrinsic(saturating, {type, from->getType()}, {from}));
  }
  if (op.starts_with("trunc_sat_f64x2")) {
    Value* from = pop_as(shape_type("f64x2"));
    llvm::Type* half = with_lanes(b_.getInt32Ty(), 2);
    return push_vector(with_zeros(b_.CreateIntrinsic(saturating, {half, from->getType()}, {from})));
  }
  if (op.starts_with("convert_")) {
    Value* from = pop_as(shape_type("i32x4"));
    if (op.starts_with("convert_low")) from = first_half(from);
    return push_vector(is_signed ? b_.CreateSIToFP(from, type) : b_.CreateUIToFP(from, type));
  }
  if (op == "demote_f64x2_zero") {
    return push_vector(with_zeros(
        b_.CreateFPTrunc(opaque(pop_as(shape_type("f64x2"))), with_lanes(b_.getFloatTy(), 2))));
  }
  WHERRY_CHECK(op == "promote_low_f32x4");
  push_vector(b_.CreateFPExt(first_half(pop_as(shape_type("f32x4"))), type));
}

void FunctionLowering::vector(Opcode opcode, std::string_view shape, std::string_view op) {
  if (opcode == Opcode::V128Const) {
    const auto low = reader_.fixed<std::uint64_t>();
    const auto high = reader_.fixed<std::uint64_t>();
    return push(llvm::ConstantVector::get({b_.getInt64(low), b_.getInt64(high)}));
  }
  if (vector_memory(opcode, op)) return;
  FixedVectorType* type = shape_type(shape);
  const int count = static_cast<int>(type->getNumElements());
  const bool is_signed = op.ends_with("_s");
  auto extend = [&](Value* value, llvm::Type* to) {
    return is_signed ? b_.CreateSExt(value, to) : b_.CreateZExt(value, to);
  };

  if (op == "shuffle") {
    std::vector<int> lanes(16);
    for (int& lane : lanes) lane = reader_.byte();
    Value* b = pop_as(type);
    return push_vector(b_.CreateShuffleVector(pop_as(type), b, lanes));
  }
  if (op == "swizzle") {
    // An index above 15 gives zero: pshufb looks at the top bit, so it is forced on.
    Value* indices = b_.CreateBinaryIntrinsic(llvm::Intrinsic::uadd_sat, pop_as(type),
                                              b_.CreateVectorSplat(16, b_.getInt8(0x70)));
    return push_vector(
        b_.CreateIntrinsic(llvm::Intrinsic::x86_ssse3_pshuf_b_128, {}, {pop_as(type), indices}));
  }
  if (op == "splat") {
    Value* value = pop();
    if (value->getType()->isIntegerTy()) value = b_.CreateZExtOrTrunc(value, type->getScalarType());
    return push_vector(b_.CreateVectorSplat(static_cast<unsigned>(count), value));
  }
  if (op.starts_with("extract_lane")) {
    const std::uint64_t lane = reader_.byte();
    Value* value = b_.CreateExtractElement(pop_as(type), lane);
    if (op == "extract_lane") return push(value);
    return push(extend(value, b_.getInt32Ty()));
  }
  if (op == "replace_lane") {
    const std::uint64_t lane = reader_.byte();
    Value* value = pop();
    if (value->getType()->isIntegerTy()) value = b_.CreateZExtOrTrunc(value, type->getScalarType());
    return push_vector(b_.CreateInsertElement(pop_as(type), value, lane));
  }
  if (op == "not") return push(b_.CreateNot(pop()));
  if (op == "andnot") {
    Value* b = b_.CreateNot(pop());
    return push(b_.CreateAnd(pop(), b));
  }
  if (op == "bitselect") {
    Value* mask = pop();
    Value* b = pop();
    Value* a = pop();
    return push(b_.CreateOr(b_.CreateAnd(a, mask), b_.CreateAnd(b, b_.CreateNot(mask))));
  }
  if (op == "any_true") {
    return push_bool(b_.CreateIsNotNull(b_.CreateBitCast(pop(), b_.getInt128Ty())));
  }
  if (op == "all_true") {
    return push_bool(b_.CreateAndReduce(b_.CreateIsNotNull(pop_as(type))));
  }
  if (op == "bitmask") {
    Value* negative = b_.CreateICmpSLT(pop_as(type), llvm::Constant::getNullValue(type));
    Value* bits = b_.CreateBitCast(negative, b_.getIntNTy(static_cast<unsigned>(count)));
    return push(b_.CreateZExt(bits, b_.getInt32Ty()));
  }
  const bool converts = op.starts_with("trunc_sat") || op.starts_with("convert") ||
                        op.starts_with("demote") || op.starts_with("promote");
  if (converts) return vector_convert(shape, op);
  if (shape[0] == 'f') {
    WHERRY_CHECK(float_operation(op, type));
    return;
  }
  if (op == "abs") {
    return push_vector(
        b_.CreateIntrinsic(llvm::Intrinsic::abs, {type}, {pop_as(type), b_.getFalse()}));
  }
  if (op == "avgr_u") {
    llvm::Type* wide = lanes_twice_as_wide(b_, type);
    Value* b = b_.CreateZExt(pop_as(type), wide);
    Value* a = b_.CreateZExt(pop_as(type), wide);
    Value* sum = b_.CreateAdd(b_.CreateAdd(a, b), llvm::ConstantInt::get(wide, 1));
    return push_vector(b_.CreateTrunc(b_.CreateLShr(sum, 1), type));
  }
  if (op == "q15mulr_sat_s") {
    llvm::Type* wide = lanes_twice_as_wide(b_, type);
    Value* b = b_.CreateSExt(pop_as(type), wide);
    Value* a = b_.CreateSExt(pop_as(type), wide);
    Value* sum = b_.CreateAdd(b_.CreateMul(a, b), llvm::ConstantInt::get(wide, 0x4000));
    Value* most = llvm::ConstantInt::get(wide, 0x7fff);
    Value* result = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, b_.CreateAShr(sum, 15), most);
    return push_vector(b_.CreateTrunc(result, type));
  }
  if (op.starts_with("narrow_")) {
    FixedVectorType* wide = wider(b_, type);
    const unsigned bits = type->getScalarSizeInBits();
    const llvm::APInt low =
        is_signed ? llvm::APInt::getSignedMinValue(bits).sext(bits * 2) : llvm::APInt(bits * 2, 0);
    const llvm::APInt high = is_signed ? llvm::APInt::getSignedMaxValue(bits).sext(bits * 2)
                                       : llvm::APInt::getMaxValue(bits).zext(bits * 2);
    Value* b = pop_as(wide);
    Value* both = b_.CreateShuffleVector(pop_as(wide), b, lanes_from(0, count));
    both = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, both,
                                    llvm::ConstantInt::get(both->getType(), low));
    both = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, both,
                                    llvm::ConstantInt::get(both->getType(), high));
    return push_vector(b_.CreateTrunc(both, type));
  }
  if (op.starts_with("extend_") || op.starts_with("extmul_")) {
    const int first = op.substr(7).starts_with("low") ? 0 : count;
    auto half = [&](Value* value) {
      return extend(b_.CreateShuffleVector(value, lanes_from(first, count)), type);
    };
    FixedVectorType* narrow = narrower(b_, type);
    Value* b = half(pop_as(narrow));
    if (op.starts_with("extend_")) return push_vector(b);
    return push_vector(b_.CreateMul(half(pop_as(narrow)), b));
  }
  if (op.starts_with("extadd_pairwise") || op.starts_with("dot_")) {
    auto pairs = [&](Value* value, int odd) {
      return extend(b_.CreateShuffleVector(value, lanes_from(odd, count, 2)), type);
    };
    FixedVectorType* narrow = narrower(b_, type);
    Value* b = pop_as(narrow);
    if (op[0] == 'e') return push_vector(b_.CreateAdd(pairs(b, 0), pairs(b, 1)));
    Value* a = pop_as(narrow);
    return push_vector(b_.CreateAdd(b_.CreateMul(pairs(a, 0), pairs(b, 0)),
                                    b_.CreateMul(pairs(a, 1), pairs(b, 1))));
  }
  WHERRY_CHECK(integer_operation(op, type));
}

}  // namespace wherry::wasm::compiler
