#include "wasm/compiler/separate_accesses.h"

#include <llvm/Analysis/LoopAccessAnalysis.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/IR/Dominators.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/LoopVersioning.h>

namespace wherry::wasm::compiler {

namespace {

// More would cost more than a short loop takes.
constexpr std::size_t kMaxChecks = 10;

using Groups = llvm::SmallVector<llvm::RuntimeCheckingPtrGroup, 2>;

// Addresses a constant away from each other: one group.
Groups group(llvm::RuntimePointerChecking& pointers) {
  Groups groups;
  for (unsigned i = 0; i < pointers.Pointers.size(); ++i) {
    const bool joined = llvm::any_of(groups, [&](llvm::RuntimeCheckingPtrGroup& known) {
      return known.addPointer(i, pointers);
    });
    if (!joined) groups.emplace_back(i, pointers);
  }
  return groups;
}

bool is_written(const llvm::RuntimeCheckingPtrGroup& group,
                const llvm::RuntimePointerChecking& pointers) {
  return llvm::any_of(group.Members,
                      [&](unsigned i) { return pointers.getPointerInfo(i).IsWritePtr; });
}

std::vector<llvm::RuntimePointerCheck> checks_between(
    const Groups& groups, const llvm::RuntimePointerChecking& pointers) {
  std::vector<llvm::RuntimePointerCheck> checks;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t j = i + 1; j < groups.size(); ++j) {
      if (is_written(groups[i], pointers) || is_written(groups[j], pointers)) {
        checks.emplace_back(&groups[i], &groups[j]);
      }
    }
  }
  return checks;
}

bool separate(llvm::Loop& loop, llvm::LoopAccessInfoManager& accesses, llvm::LoopInfo& loops,
              llvm::DominatorTree& dominators, llvm::ScalarEvolution& evolution) {
  if (!loop.isLoopSimplifyForm() || !loop.getExitingBlock() || !loop.getUniqueExitBlock() ||
      !loop.isRotatedForm() || !loop.isLCSSAForm(dominators)) {
    return false;
  }
  const llvm::LoopAccessInfo& found = accesses.getInfo(loop);
  if (!found.canVectorizeMemory() || found.getNumRuntimePointerChecks() == 0) return false;
  // Ours from here on: what is known of the loop's accesses is found out anew after this.
  auto& pointers = const_cast<llvm::RuntimePointerChecking&>(*found.getRuntimePointerChecking());
  Groups groups = group(pointers);
  // Nothing belongs together, and LLVM's own checks are as good; or everything, and there is nothing to check.
  if (groups.size() == pointers.Pointers.size() || groups.size() == 1) return false;
  pointers.CheckingGroups = std::move(groups);
  const std::vector<llvm::RuntimePointerCheck> checks =
      checks_between(pointers.CheckingGroups, pointers);
  if (checks.empty() || checks.size() > kMaxChecks) return false;
  llvm::LoopVersioning versions(found, checks, &loop, &loops, &dominators, &evolution);
  versions.versionLoop();
  versions.annotateLoopWithNoAlias();
  // The other copy would get the checks that never hold.
  llvm::addStringMetadataToLoop(versions.getNonVersionedLoop(), "llvm.loop.vectorize.width", 1);
  return true;
}

}  // namespace

llvm::PreservedAnalyses SeparateAccesses::run(llvm::Function& function,
                                              llvm::FunctionAnalysisManager& analyses) {
  auto& loops = analyses.getResult<llvm::LoopAnalysis>(function);
  if (loops.empty()) return llvm::PreservedAnalyses::all();
  auto& dominators = analyses.getResult<llvm::DominatorTreeAnalysis>(function);
  auto& evolution = analyses.getResult<llvm::ScalarEvolutionAnalysis>(function);
  auto& accesses = analyses.getResult<llvm::LoopAccessAnalysis>(function);
  std::vector<llvm::Loop*> innermost;
  for (llvm::Loop* loop : loops.getLoopsInPreorder()) {
    if (loop->isInnermost()) innermost.push_back(loop);
  }
  bool changed = false;
  for (llvm::Loop* loop : innermost) {
    if (!separate(*loop, accesses, loops, dominators, evolution)) continue;
    changed = true;
    accesses.clear();
  }
  return changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
}

}  // namespace wherry::wasm::compiler
