#include "wasm/compiler/scalar_chains.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicInst.h>

#include <algorithm>
#include <array>
#include <optional>

namespace wherry::wasm::compiler {

namespace {

constexpr unsigned kWords = 4;  // of 32 bits in a vector
constexpr unsigned kWordBits = 32;
// With four, the sixteen scalars are about as many as there are registers: the few that wait in memory for their turn
// cost less than is gained.
constexpr unsigned kMaxVectors = 4;
// Work beside the chain that a processor does while it waits: with more of it vectors win.
constexpr unsigned kMaxWorkPercent = 130;

using Words = std::array<llvm::Value*, kWords>;

// Null where it is not one of 128 bits of integers.
llvm::FixedVectorType* vector_type(const llvm::Value& value) {
  auto* type = llvm::dyn_cast<llvm::FixedVectorType>(value.getType());
  const bool fits = type && type->getElementType()->isIntegerTy() &&
                    type->getPrimitiveSizeInBits() == kWords * kWordBits;
  return fits ? type : nullptr;
}

// Which words the shuffle takes, of eight in both operands; negative where any does. Nothing where it takes words apart.
std::optional<std::array<int, kWords>> words_taken(const llvm::ShuffleVectorInst& shuffle) {
  if (!vector_type(*shuffle.getOperand(0))) return std::nullopt;
  const llvm::ArrayRef<int> mask = shuffle.getShuffleMask();
  std::array<int, kWords> taken{};
  if (mask.size() < kWords) {
    for (int word = 0; word < static_cast<int>(kWords); ++word) {
      const int from = mask[word / 2];
      taken[word] = from < 0 ? from : from * 2 + word % 2;
    }
    return taken;
  }
  const int lanes = static_cast<int>(mask.size() / kWords);  // of a word
  for (int word = 0; word < static_cast<int>(kWords); ++word) {
    const llvm::ArrayRef<int> part = mask.slice(word * lanes, lanes);
    for (int i = 0; i < lanes; ++i) {
      const int expected = part[0] < 0 ? part[0] : part[0] + i;
      if (part[i] != expected) return std::nullopt;
    }
    if (part[0] >= 0 && part[0] % lanes != 0) return std::nullopt;
    taken[word] = part[0] < 0 ? part[0] : part[0] / lanes;
  }
  return taken;
}

bool is_rotation(const llvm::Instruction& each) {
  const auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&each);
  return call && (call->getIntrinsicID() == llvm::Intrinsic::fshl ||
                  call->getIntrinsicID() == llvm::Intrinsic::fshr);
}

// Which word the instruction takes out of a vector; null where it does something else.
const llvm::ConstantInt* word_taken_out(const llvm::Instruction& each) {
  const auto* out = llvm::dyn_cast<llvm::ExtractElementInst>(&each);
  if (!out || !vector_type(*out->getVectorOperand()) || !out->getType()->isIntegerTy(kWordBits)) {
    return nullptr;
  }
  const auto* word = llvm::dyn_cast<llvm::ConstantInt>(out->getIndexOperand());
  return word && word->getValue().ult(kWords) ? word : nullptr;
}

// Whether each word of the result is made of whole words.
bool is_by_words(const llvm::Instruction& each) {
  if (word_taken_out(each)) return true;
  if (!vector_type(each)) return false;
  const bool of_words = each.getType()->getScalarSizeInBits() == kWordBits;
  switch (each.getOpcode()) {
    case llvm::Instruction::PHI:
    case llvm::Instruction::And:
    case llvm::Instruction::Or:
    case llvm::Instruction::Xor:
      return true;
    case llvm::Instruction::Add:
    case llvm::Instruction::Sub:
    case llvm::Instruction::Mul:
    case llvm::Instruction::Shl:
    case llvm::Instruction::LShr:
    case llvm::Instruction::AShr:
      return of_words;
    case llvm::Instruction::BitCast:
      return vector_type(*each.getOperand(0)) != nullptr;
    case llvm::Instruction::ShuffleVector:
      return words_taken(llvm::cast<llvm::ShuffleVectorInst>(each)).has_value();
    default:
      return of_words && is_rotation(each);
  }
}

bool has_vector(const llvm::Instruction& each) {
  return each.getType()->isVectorTy() || llvm::any_of(each.operands(), [](const llvm::Use& use) {
           return use->getType()->isVectorTy();
         });
}

// Whether the block, which is a loop, has vectors that each wait for the one before.
bool is_chain(const llvm::BasicBlock& block) {
  unsigned vectors = 0;
  unsigned work = 0;
  // How many operations after the loop's head a vector is there; nothing for one that waits for none of before.
  llvm::DenseMap<const llvm::Value*, unsigned> depths;
  for (const llvm::Instruction& each : block) {
    if (each.mayReadOrWriteMemory()) return false;
    if (!has_vector(each)) continue;
    if (!is_by_words(each)) return false;
    if (llvm::isa<llvm::PHINode>(each)) {
      ++vectors;
      depths[&each] = 0;
      continue;
    }
    const bool is_free = llvm::isa<llvm::BitCastInst>(each) || word_taken_out(each);
    const unsigned cost = is_free ? 0 : 1;
    work += cost;
    for (const llvm::Use& use : each.operands()) {
      const auto found = depths.find(use.get());
      if (found == depths.end()) continue;
      const unsigned depth = found->second + cost;
      unsigned& known = depths.try_emplace(&each, depth).first->second;
      known = std::max(known, depth);
    }
  }
  unsigned longest = 0;
  for (const llvm::PHINode& phi : block.phis()) {
    const auto found = depths.find(phi.getIncomingValueForBlock(&block));
    if (vector_type(phi) && found != depths.end()) longest = std::max(longest, found->second);
  }
  return vectors > 0 && vectors <= kMaxVectors && longest > 1 &&
         work * 100 <= longest * kMaxWorkPercent;
}

// Takes the vectors of one loop apart.
class Splitter {
 public:
  Splitter(llvm::BasicBlock& block, llvm::BasicBlock& before, llvm::BasicBlock& after)
      : block_(block), before_(before), after_(after) {}

  void run() {
    for (llvm::Instruction& each : block_) {
      if (has_vector(each)) vectors_.push_back(&each);
    }
    for (llvm::Instruction* each : vectors_) {
      if (vector_type(*each)) words_[each] = split(*each);
    }
    for (llvm::Instruction* each : vectors_) {
      if (auto* phi = llvm::dyn_cast<llvm::PHINode>(each)) close(*phi);
    }
    for (llvm::Instruction* each : vectors_) {
      if (const llvm::ConstantInt* word = word_taken_out(*each)) {
        each->replaceAllUsesWith(words_of(each->getOperand(0))[word->getZExtValue()]);
      } else {
        join_after(*each);
      }
    }
    for (llvm::Instruction* each : vectors_) {
      each->replaceAllUsesWith(llvm::PoisonValue::get(each->getType()));
      each->eraseFromParent();
    }
  }

 private:
  // A value of before the loop is taken apart there.
  const Words& words_of(llvm::Value* value) {
    const auto found = words_.find(value);
    if (found != words_.end()) return found->second;
    llvm::IRBuilder<> b(before_.getTerminator());
    llvm::Value* vector =
        b.CreateBitCast(value, llvm::FixedVectorType::get(b.getInt32Ty(), kWords));
    Words words{};
    for (unsigned i = 0; i < kWords; ++i) words[i] = b.CreateExtractElement(vector, i);
    return words_[value] = words;
  }

  Words split(llvm::Instruction& each) {
    llvm::IRBuilder<> b(&each);
    Words words{};
    if (auto* phi = llvm::dyn_cast<llvm::PHINode>(&each)) {
      const Words& first = words_of(phi->getIncomingValueForBlock(&before_));
      for (unsigned i = 0; i < kWords; ++i) {
        llvm::PHINode* word = b.CreatePHI(b.getInt32Ty(), 2);
        word->addIncoming(first[i], &before_);
        words[i] = word;
      }
      return words;
    }
    if (auto* cast = llvm::dyn_cast<llvm::BitCastInst>(&each)) return words_of(cast->getOperand(0));
    if (auto* shuffle = llvm::dyn_cast<llvm::ShuffleVectorInst>(&each)) {
      const std::array<int, kWords> taken = *words_taken(*shuffle);
      for (unsigned i = 0; i < kWords; ++i) {
        const auto from = static_cast<unsigned>(std::max(taken[i], 0));
        words[i] = words_of(shuffle->getOperand(from / kWords))[from % kWords];
      }
      return words;
    }
    const unsigned operands =
        llvm::isa<llvm::CallInst>(each) ? llvm::cast<llvm::CallInst>(each).arg_size() : 2;
    for (unsigned i = 0; i < kWords; ++i) {
      llvm::SmallVector<llvm::Value*, 3> of;
      for (unsigned k = 0; k < operands; ++k) of.push_back(words_of(each.getOperand(k))[i]);
      words[i] =
          is_rotation(each)
              ? b.CreateIntrinsic(llvm::cast<llvm::IntrinsicInst>(each).getIntrinsicID(),
                                  {b.getInt32Ty()}, of)
              : b.CreateBinOp(llvm::cast<llvm::BinaryOperator>(each).getOpcode(), of[0], of[1]);
    }
    return words;
  }

  void close(llvm::PHINode& phi) {
    const Words again = words_of(phi.getIncomingValueForBlock(&block_));
    const Words& words = words_of(&phi);
    for (unsigned i = 0; i < kWords; ++i) {
      llvm::cast<llvm::PHINode>(words[i])->addIncoming(again[i], &block_);
    }
  }

  // Whoever is behind the loop gets a vector.
  void join_after(llvm::Instruction& each) {
    llvm::SmallVector<llvm::Use*, 4> uses;
    for (llvm::Use& use : each.uses()) {
      if (llvm::cast<llvm::Instruction>(use.getUser())->getParent() != &block_) {
        uses.push_back(&use);
      }
    }
    if (uses.empty()) return;
    llvm::IRBuilder<> b(&after_, after_.getFirstInsertionPt());
    llvm::Value* vector =
        llvm::PoisonValue::get(llvm::FixedVectorType::get(b.getInt32Ty(), kWords));
    const Words& words = words_of(&each);
    for (unsigned i = 0; i < kWords; ++i) vector = b.CreateInsertElement(vector, words[i], i);
    vector = b.CreateBitCast(vector, each.getType());
    for (llvm::Use* use : uses) {
      auto* phi = llvm::dyn_cast<llvm::PHINode>(use->getUser());
      if (phi && phi->getParent() == &after_) {
        phi->replaceAllUsesWith(vector);
      } else {
        use->set(vector);
      }
    }
  }

  llvm::BasicBlock& block_;
  llvm::BasicBlock& before_;
  llvm::BasicBlock& after_;
  llvm::SmallVector<llvm::Instruction*, 32> vectors_;
  llvm::DenseMap<llvm::Value*, Words> words_;
};

}  // namespace

llvm::PreservedAnalyses ScalarChains::run(llvm::Function& function,
                                          llvm::FunctionAnalysisManager& analyses) {
  bool changed = false;
  for (llvm::Loop* loop : analyses.getResult<llvm::LoopAnalysis>(function).getLoopsInPreorder()) {
    llvm::BasicBlock* before = loop->getLoopPreheader();
    llvm::BasicBlock* after = loop->getUniqueExitBlock();
    if (loop->getNumBlocks() != 1 || !before || !after || !after->getSinglePredecessor()) continue;
    if (!is_chain(*loop->getHeader())) continue;
    Splitter(*loop->getHeader(), *before, *after).run();
    changed = true;
  }
  return changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
}

}  // namespace wherry::wasm::compiler
