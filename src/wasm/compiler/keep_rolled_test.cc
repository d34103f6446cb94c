#include "wasm/compiler/keep_rolled.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>

#include "wasm/compiler/ir_for_test.h"

namespace wherry::wasm::compiler {
namespace {

// Whether the loop of a function, with this body from its phis to %next, may be unrolled after the pass.
bool may_be_unrolled(const std::string& body) {
  const std::string text = R"(
declare i32 @llvm.smin.i32(i32, i32)
define i32 @f(i32 %n, ptr %p) {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %more, %loop ]
  %least = phi i32 [ %n, %entry ], [ %next, %loop ]
  %at = getelementptr i32, ptr %p, i32 %i
  %read = load volatile i32, ptr %at
)" + body + R"(
  %more = add i32 %i, 1
  %again = icmp ne i32 %more, %n
  br i1 %again, label %loop, label %exit
exit:
  ret i32 %next
}
)";
  llvm::LLVMContext context;
  const auto module = after_pass<KeepRolled>(text, context);
  llvm::DominatorTree dominators(*module->getFunction("f"));
  const llvm::LoopInfo loops(dominators);
  for (const llvm::Loop* loop : loops) {
    const llvm::MDNode* id = loop->getLoopID();
    if (!id) return true;
    for (const llvm::MDOperand& operand : llvm::drop_begin(id->operands())) {
      const auto* node = llvm::dyn_cast<llvm::MDNode>(operand);
      const auto* name = node ? llvm::dyn_cast<llvm::MDString>(node->getOperand(0)) : nullptr;
      if (name && name->getString() == "llvm.loop.unroll.disable") return false;
    }
  }
  return true;
}

TEST(KeepRolledTest, KeepsWhatWaitsForAChoice) {
  EXPECT_FALSE(may_be_unrolled("%next = call i32 @llvm.smin.i32(i32 %least, i32 %read)\n"));
  EXPECT_FALSE(
      may_be_unrolled("%less = icmp slt i32 %least, %read\n"
                      "%chosen = select i1 %less, i32 %least, i32 %read\n"
                      "%next = add i32 %chosen, 3\n"));
}

TEST(KeepRolledTest, LeavesTheRest) {
  EXPECT_TRUE(may_be_unrolled("%next = add i32 %least, %read\n"));
  // A choice that no other pass waits for.
  EXPECT_TRUE(
      may_be_unrolled("%less = call i32 @llvm.smin.i32(i32 %i, i32 %read)\n"
                      "%next = add i32 %less, %i\n"));
}

}  // namespace
}  // namespace wherry::wasm::compiler
