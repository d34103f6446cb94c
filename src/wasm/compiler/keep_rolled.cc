#include "wasm/compiler/keep_rolled.h"

#include <llvm/ADT/SmallSet.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include <utility>

namespace wherry::wasm::compiler {

namespace {

bool is_choice(const llvm::Instruction& each) {
  return llvm::isa<llvm::SelectInst>(each) || llvm::isa<llvm::MinMaxIntrinsic>(each);
}

// Whether what the phi, at the loop's head, is in the next pass comes of a choice that itself is one of its operands.
bool waits_for_choice(const llvm::PHINode& phi, const llvm::Loop& loop) {
  using Reached = std::pair<const llvm::Instruction*, bool>;  // the flag: through a choice
  llvm::SmallVector<Reached, 32> work = {{&phi, false}};
  llvm::SmallSet<Reached, 32> seen;
  while (!work.empty()) {
    const auto [from, chosen] = work.pop_back_val();
    for (const llvm::User* user : from->users()) {
      const auto* next = llvm::dyn_cast<llvm::Instruction>(user);
      if (!next || !loop.contains(next)) continue;
      if (next == &phi && chosen) return true;
      const bool at_head = llvm::isa<llvm::PHINode>(next) && next->getParent() == loop.getHeader();
      const Reached reached = {next, chosen || is_choice(*next)};
      if (!at_head && seen.insert(reached).second) work.push_back(reached);
    }
  }
  return false;
}

}  // namespace

llvm::PreservedAnalyses KeepRolled::run(llvm::Function& function,
                                        llvm::FunctionAnalysisManager& analyses) {
  for (llvm::Loop* loop : analyses.getResult<llvm::LoopAnalysis>(function).getLoopsInPreorder()) {
    const bool waits = loop->isInnermost() &&
                       llvm::any_of(loop->getHeader()->phis(), [&](const llvm::PHINode& phi) {
                         return waits_for_choice(phi, *loop);
                       });
    if (waits) loop->setLoopAlreadyUnrolled();
  }
  return llvm::PreservedAnalyses::all();
}

}  // namespace wherry::wasm::compiler
