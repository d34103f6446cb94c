#include "wasm/compiler/object.h"

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>

#include "base/error.h"
#include "wasm/compiler/keep_rolled.h"
#include "wasm/compiler/lower.h"
#include "wasm/compiler/masked_loads.h"
#include "wasm/compiler/scalar_chains.h"
#include "wasm/compiler/separate_accesses.h"

namespace wherry::wasm::compiler {

namespace {

// One round of what matters for code that was optimised once, when it became WebAssembly: as fast as LLVM's
// -O3 and made in a third of the time (docs/RATIONALE.md). Loops are looked at twice: what an outer one is known
// to count to decides which way leads into an inner one, and that is what tells of it that no address wraps.
constexpr const char* kScalarPasses =
    "early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,simplifycfg,reassociate,loop-"
    "simplify,lcssa,"
    "loop-mssa(loop-rotate,licm),gvn,dse,loop(indvars),simplifycfg,loop-simplify,lcssa,loop("
    "indvars)";
// Before SeparateAccesses, and after it.
constexpr const char* kLoopShapePasses = "loop-simplify,lcssa";
constexpr const char* kLoopVectorPasses = "loop-vectorize";
constexpr const char* kStraightVectorPasses = "slp-vectorizer";
// After ScalarChains and KeepRolled. Producers unroll less than a processor can use, and nothing where they do not know
// how often a loop is gone through.
constexpr const char* kUnrollPasses = "loop-unroll<O3>";
// vector-combine: what the producer unrolled comes out of the vectoriser shuffled there and back.
constexpr const char* kLastPasses =
    "instcombine<no-verify-fixpoint>,vector-combine,instcombine<no-verify-fixpoint>,simplifycfg";

bool is_guest_access(const llvm::Instruction& each) {
  const auto* scopes = each.getMetadata(llvm::LLVMContext::MD_alias_scope);
  if (!scopes || !(llvm::isa<llvm::LoadInst>(each) || llvm::isa<llvm::StoreInst>(each)))
    return false;
  return std::ranges::any_of(scopes->operands(), [](const llvm::MDOperand& scope) {
    const auto* node = llvm::dyn_cast<llvm::MDNode>(scope);
    return node && llvm::AliasScopeNode(node).getName() == kMemoryScope;
  });
}

void set_volatile(llvm::Instruction& access, bool to) {
  if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&access)) {
    load->setVolatile(to);
  } else {
    llvm::cast<llvm::StoreInst>(access).setVolatile(to);
  }
}

// The instructions whose results, by whatever way, do something.
llvm::SmallPtrSet<const llvm::Instruction*, 32> live_instructions(llvm::Function& function) {
  std::vector<const llvm::Instruction*> work;
  llvm::SmallPtrSet<const llvm::Instruction*, 32> live;
  for (const llvm::Instruction& each : llvm::instructions(function)) {
    const bool is_load = llvm::isa<llvm::LoadInst>(each);
    if (each.isTerminator() || (each.mayHaveSideEffects() && !is_load)) {
      live.insert(&each);
      work.push_back(&each);
    }
  }
  while (!work.empty()) {
    const llvm::Instruction* user = work.back();
    work.pop_back();
    for (const llvm::Value* operand : user->operands()) {
      const auto* made = llvm::dyn_cast<llvm::Instruction>(operand);
      if (made && live.insert(made).second) work.push_back(made);
    }
  }
  return live;
}

// The vectorisers touch no volatile access. They neither drop an access whose value is used nor make one
// conditional, and a loop that they change has one exit and no other kind of trap: so for them, and for them
// alone, the guest's accesses are those of a C program, but for loads that nobody needs.
void vectorise(llvm::Function& function, llvm::FunctionPassManager& passes,
               llvm::FunctionAnalysisManager& analyses) {
  const auto live = live_instructions(function);
  for (llvm::Instruction& each : llvm::instructions(function)) {
    if (is_guest_access(each) && live.contains(&each)) set_volatile(each, false);
  }
  analyses.invalidate(function, llvm::PreservedAnalyses::none());
  passes.run(function, analyses);
  for (llvm::Instruction& each : llvm::instructions(function)) {
    if (is_guest_access(each)) set_volatile(each, true);
  }
  hide_masked_loads(function);
  analyses.invalidate(function, llvm::PreservedAnalyses::none());
}

// The argument that the function returns whichever way it is left, or null.
llvm::Argument* returned_argument(llvm::Function& function) {
  llvm::Argument* found = nullptr;
  for (llvm::BasicBlock& block : function) {
    const auto* leaving = llvm::dyn_cast<llvm::ReturnInst>(block.getTerminator());
    if (!leaving) continue;
    llvm::Value* value = leaving->getReturnValue();
    // Where a block ends, values meet that are one and the same; not often many times over.
    for (int depth = 0; depth < 8; ++depth) {
      auto* merged = llvm::dyn_cast_or_null<llvm::PHINode>(value);
      if (!merged) break;
      value = merged->hasConstantValue();
    }
    auto* argument = llvm::dyn_cast_or_null<llvm::Argument>(value);
    if (!argument || (found && found != argument)) return nullptr;
    found = argument;
  }
  return found;
}

// Of what returns one of its arguments, as memcpy and its like do, the caller knows the result: an address that
// it gave itself, and that loops are checked with for whether they meet it.
void forward_returned_arguments(llvm::Module& module) {
  for (llvm::Function& function : module) {
    const llvm::Argument* returned = returned_argument(function);
    if (!returned) continue;
    for (llvm::User* user : function.users()) {
      auto* call = llvm::dyn_cast<llvm::CallInst>(user);
      if (!call || call->getCalledOperand() != &function) continue;
      call->replaceAllUsesWith(call->getArgOperand(returned->getArgNo()));
    }
  }
}

// Whether whoever made the module put vectors into this function: then there may be scalars that belong to them.
// Where there are none, making some of straight code gains nothing and now and then costs much: what ran four wide by
// itself, in scalars, then waits for each result in turn.
bool has_vectors(const llvm::Function& function) {
  return llvm::any_of(llvm::instructions(function),
                      [](const llvm::Instruction& each) { return each.getType()->isVectorTy(); });
}

bool has(const CpuFeatures& features, std::string_view feature) {
  return std::ranges::count(features, feature) > 0;
}

// Habits that are not the processor()'s. Since Ice Lake and Zen 4 an address of three parts is one operation, and wide
// vectors slow nothing else down: loops gain by them. But while they are in flight an Intel processor has one unit for
// shuffles instead of two, and vectors that a producer made are shuffled a lot: of these no wider ones are made.
void tune(llvm::Function& function, const CpuFeatures& features) {
  if (!has(features, "avx512vbmi2")) return;
  function.addFnAttr("tune-cpu", "znver4");
  if (!has_vectors(function)) return;
  function.addFnAttr("prefer-vector-width", "256");
  function.addFnAttr("min-legal-vector-width", "0");
}

void optimise(llvm::Module& module, llvm::TargetMachine& target, const CompileOptions& options) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  llvm::PassBuilder builder(&target, tuning);
  // There is no C library to call.
  functions.registerPass([] {
    llvm::TargetLibraryInfoImpl none;
    none.disableAllFunctions();
    return llvm::TargetLibraryAnalysis(none);
  });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  auto pipeline = [&](const char* passes) {
    llvm::FunctionPassManager made;
    if (auto error = builder.parsePassPipeline(made, passes)) {
      fail(ErrorKind::Internal, "LLVM: {}", llvm::toString(std::move(error)));
    }
    return made;
  };
  llvm::FunctionPassManager values = pipeline("sroa");
  llvm::FunctionPassManager scalar = pipeline(kScalarPasses);
  llvm::FunctionPassManager vector = pipeline(kLoopShapePasses);
  vector.addPass(SeparateAccesses());
  vector.addPass(pipeline(kLoopVectorPasses));
  llvm::FunctionPassManager straight = pipeline(kStraightVectorPasses);
  llvm::FunctionPassManager last;
  last.addPass(ScalarChains());
  last.addPass(KeepRolled());
  last.addPass(pipeline(kUnrollPasses));
  last.addPass(pipeline(kLastPasses));
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    tune(function, options.features);
    values.run(function, functions);
  }
  if (options.optimise) forward_returned_arguments(module);
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    if (options.optimise) {
      scalar.run(function, functions);
      const bool had_vectors = has_vectors(function);
      vectorise(function, vector, functions);
      if (had_vectors) vectorise(function, straight, functions);
      last.run(function, functions);
      reveal_masked_loads(function);
    }
    functions.clear(function, function.getName());
  }
}

}  // namespace

namespace {

// Where LLVM's own limits let the time for one function grow with the square of its size: an interpreter's loop of 100
// KB, of which everything that it runs waits. Its code hardly differs.
constexpr std::pair<const char*, const char*> kLimits[] = {
    {"cgpp-huge-func", "500"},  // from so many blocks on, looks again at what changed only
    {"cgp-max-address-users-to-scan", "20"},  // of an address, to sink it to
    {"memdep-block-number-limit", "50"},      // that a load's value is looked for in
    {"memdep-block-scan-limit", "50"},        // instructions of each
};

void set_option(const char* name, const char* value) {
  const auto& all = llvm::cl::getRegisteredOptions();
  const auto found = all.find(name);
  WHERRY_CHECK(found != all.end() && !found->second->addOccurrence(0, name, value));
}

// The costs and habits to generate code by: what the features suggest, so that the same features always give
// the same code.
std::string_view processor(const CpuFeatures& features) {
  if (has(features, "avx512vl")) return "x86-64-v4";
  if (has(features, "avx2")) return "x86-64-v3";
  return has(features, "sse4.2") ? "x86-64-v2" : "x86-64";
}

}  // namespace

std::unique_ptr<llvm::TargetMachine> target_of(const CompileOptions& options) {
  static const bool initialised = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    for (const auto& [option, value] : kLimits) set_option(option, value);
    return true;
  }();
  (void)initialised;
  const std::string triple = "x86_64-unknown-linux-gnu";
  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) fail(ErrorKind::Unimplemented, "LLVM: {}", error);
  std::string all;
  // First what is off: taking one away takes all that builds on it.
  for (std::string_view feature : known_cpu_features()) {
    if (!has(options.features, feature))
      all += fmt::format("{}-{}", all.empty() ? "" : ",", feature);
  }
  for (std::string_view feature : options.features) {
    all += fmt::format("{}+{}", all.empty() ? "" : ",", feature);
  }
  llvm::TargetOptions machine;
  machine.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, std::string(processor(options.features)), all, machine, llvm::Reloc::PIC_,
      llvm::CodeModel::Small,
      options.optimise ? llvm::CodeGenOptLevel::Default : llvm::CodeGenOptLevel::None));
}

llvm::SmallVector<char, 0> make_object(llvm::Module& module, llvm::TargetMachine& target,
                                       const CompileOptions& options) {
#ifndef NDEBUG
  std::string broken;
  llvm::raw_string_ostream text(broken);
  if (llvm::verifyModule(module, &text)) fail(ErrorKind::Internal, "LLVM: {}", text.str());
#endif
  optimise(module, target, options);
  if (!options.dump_ir.empty()) {
    std::error_code error;
    llvm::raw_fd_ostream file(options.dump_ir, error, llvm::sys::fs::OF_Text);
    if (!error) module.print(file, nullptr);
  }
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream out(object);
  llvm::legacy::PassManager passes;
  llvm::TargetLibraryInfoImpl none;
  none.disableAllFunctions();
  passes.add(new llvm::TargetLibraryInfoWrapperPass(none));
  if (target.addPassesToEmitFile(passes, out, nullptr, llvm::CodeGenFileType::ObjectFile)) {
    fail(ErrorKind::Internal, "LLVM: the target emits no object files");
  }
  passes.run(module);
  return object;
}

}  // namespace wherry::wasm::compiler
