#include "wasm/compiler/scalar_chains.h"

#include "wasm/compiler/ir_for_test.h"

namespace wherry::wasm::compiler {
namespace {

// How many vectors the loop of a function still has after the pass. body: from its phis to its values for the next
// pass, %next and, where there is one, %other.
std::size_t vectors_left(const std::string& body, const std::string& phis = "") {
  const std::string text = R"(
declare <4 x i32> @llvm.fshl.v4i32(<4 x i32>, <4 x i32>, <4 x i32>)
define <4 x i32> @f(<4 x i32> %a, <4 x i32> %b, i32 %n, ptr %p) {
entry:
  br label %loop
loop:
  %v = phi <4 x i32> [ %a, %entry ], [ %next, %loop ]
  %i = phi i32 [ %n, %entry ], [ %less, %loop ]
)" + phis + body + R"(
  %less = sub i32 %i, 1
  %more = icmp ne i32 %less, 0
  br i1 %more, label %loop, label %exit
exit:
  %left = phi <4 x i32> [ %next, %loop ]
  %result = add <4 x i32> %left, %v
  ret <4 x i32> %result
}
)";
  llvm::LLVMContext context;
  const auto module = after_pass<ScalarChains>(text, context);
  std::size_t found = 0;
  for (const llvm::BasicBlock& block : *module->getFunction("f")) {
    if (block.getName() != "loop") continue;
    for (const llvm::Instruction& each : block) found += each.getType()->isVectorTy();
  }
  return found;
}

const std::string kRotate =
    "%s = add <4 x i32> %v, %b\n"
    "%r = call <4 x i32> @llvm.fshl.v4i32(<4 x i32> %s, <4 x i32> %s, <4 x i32> <i32 7, i32 7, i32 "
    "7, i32 7>)\n";

TEST(ScalarChainsTest, TakesApartWhatWaitsForTheOneBefore) {
  EXPECT_EQ(vectors_left(kRotate + "%next = xor <4 x i32> %r, %v\n"), 0u);
  // In other lanes, and moved by whole words.
  EXPECT_EQ(
      vectors_left(
          kRotate +
          "%c = bitcast <4 x i32> %r to <16 x i8>\n"
          "%m = shufflevector <16 x i8> %c, <16 x i8> poison, <16 x i32> <i32 4, i32 5, i32 6, "
          "i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 0, i32 1, i32 "
          "2, "
          "i32 3>\n"
          "%w = bitcast <16 x i8> %m to <2 x i64>\n"
          "%h = shufflevector <2 x i64> %w, <2 x i64> poison, <2 x i32> <i32 1, i32 0>\n"
          "%next = bitcast <2 x i64> %h to <4 x i32>\n"),
      0u);
  // A word of it is counted with.
  EXPECT_EQ(vectors_left(kRotate + "%next = xor <4 x i32> %r, %v\n"
                                   "%x = extractelement <4 x i32> %next, i64 2\n"
                                   "%y = add i32 %x, %i\n"),
            0u);
}

TEST(ScalarChainsTest, LeavesWhatIsNoChain) {
  // Two by two side by side.
  EXPECT_NE(vectors_left(kRotate + "%t = mul <4 x i32> %o, %b\n"
                                   "%u = xor <4 x i32> %t, %o\n"
                                   "%other = add <4 x i32> %u, %b\n"
                                   "%next = xor <4 x i32> %r, %v\n",
                         "%o = phi <4 x i32> [ %b, %entry ], [ %other, %loop ]\n"),
            0u);
  // Waits for nothing of the pass before.
  EXPECT_NE(vectors_left("%s = add <4 x i32> %a, %b\n"
                         "%next = xor <4 x i32> %s, %a\n"),
            0u);
  // More than there are registers for.
  std::string phis;
  for (int i = 0; i < 4; ++i) {
    phis += "%p" + std::to_string(i) + " = phi <4 x i32> [ %a, %entry ], [ " +
            (i == 0 ? "%v" : "%p" + std::to_string(i - 1)) + ", %loop ]\n";
  }
  EXPECT_NE(vectors_left(kRotate + "%next = xor <4 x i32> %r, %p3\n", phis), 0u);
}

TEST(ScalarChainsTest, LeavesWhatIsNotOfWords) {
  EXPECT_NE(vectors_left(kRotate + "%l = load volatile <4 x i32>, ptr %p\n"
                                   "%next = xor <4 x i32> %r, %l\n"),
            0u);
  EXPECT_NE(vectors_left(kRotate + "%c = bitcast <4 x i32> %r to <8 x i16>\n"
                                   "%d = add <8 x i16> %c, %c\n"
                                   "%next = bitcast <8 x i16> %d to <4 x i32>\n"),
            0u);
  EXPECT_NE(vectors_left(kRotate + "%c = bitcast <4 x i32> %r to <8 x i16>\n"
                                   "%d = shufflevector <8 x i16> %c, <8 x i16> poison, <8 x i32> "
                                   "<i32 1, i32 2, i32 3, i32 4, "
                                   "i32 5, i32 6, i32 7, i32 0>\n"
                                   "%next = bitcast <8 x i16> %d to <4 x i32>\n"),
            0u);
  EXPECT_NE(vectors_left(kRotate + "%x = extractelement <4 x i32> %r, i32 %i\n"
                                   "%next = insertelement <4 x i32> %r, i32 %x, i64 0\n"),
            0u);
}

}  // namespace
}  // namespace wherry::wasm::compiler
