#include "wasm/compiler/compile.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "wasm/artifact/format.h"
#include "wasm/format/decode.h"
#include "wasm/format/module_writer.h"
#include "wasm/format/validate.h"

namespace wherry::wasm {
namespace {

using namespace writer;
using Level = Compiler::Level;
using Bytes = std::vector<std::uint8_t>;

// Function i loops over its argument, then calls function i - 1. Long enough for several parts.
class CompilerTest : public ::testing::Test {
 public:
  static constexpr std::uint32_t kFunctions = 40;

  CompilerTest() {
    const FuncType type{.params = {ValType::I32}, .results = {ValType::I32}};
    std::vector<std::string> declared, bodies;
    for (std::uint32_t i = 0; i < kFunctions; ++i) {
      std::string code = op(Opcode::Loop) + byte(0x40);
      for (std::uint32_t n = 0; n < 300 + 10 * i; ++n) {
        code += op(Opcode::LocalGet, 0) + i32_const(static_cast<std::int32_t>(n * i + 1)) +
                op(Opcode::I32Xor) + op(Opcode::LocalSet, 0);
      }
      code += op(Opcode::LocalGet, 0) + op(Opcode::BrIf, 0) + op(Opcode::End);
      code += op(Opcode::LocalGet, 0);
      if (i > 0) code += op(Opcode::Call, i - 1);
      declared.push_back(u32(0));
      bodies.push_back(body({}, code));
    }
    bytes_ = header() + section(1, vector({function_type(type)})) + section(3, vector(declared)) +
             section(10, vector(bodies));
    module_ = decode(as_bytes(bytes_));
    validate(module_);
  }

  // By the table of functions.
  static std::vector<std::uint32_t> present(const Bytes& artifact) {
    std::vector<std::uint32_t> found;
    for (std::uint32_t i = 0; i < kFunctions; ++i) {
      const std::size_t row = artifact_format::kHeaderBytes + i * artifact_format::kFunctionBytes;
      if (load_little<std::uint32_t>(artifact.data() + row + 4) > 0) found.push_back(i);
    }
    EXPECT_EQ(load_little<std::uint32_t>(artifact.data() + artifact_format::kCompiledAt),
              found.size());
    return found;
  }

  static Bytes linked(const Compiler& compiler, const std::vector<Compiler::Request>& requests) {
    std::vector<CodeObject> objects;
    for (const Compiler::Request& request : requests) objects.push_back(compiler.object(request));
    std::vector<const CodeObject*> all;
    for (const CodeObject& object : objects) all.push_back(&object);
    return compiler.link(all);
  }

  std::string bytes_;
  Module module_;
};

TEST_F(CompilerTest, TheSameBytesForAnyNumberOfThreads) {
  const Bytes one = compile(module_, {.threads = 1});
  EXPECT_EQ(compile(module_, {.threads = 1}), one);
  EXPECT_EQ(compile(module_, {.threads = 3}), one);
  EXPECT_EQ(present(one).size(), kFunctions);
}

TEST_F(CompilerTest, PartsHaveEveryFunctionOnceAndTheLargestFirst) {
  const std::vector<Compiler::Request> parts = Compiler(module_, {}).split(Level::Quick);
  EXPECT_GT(parts.size(), 1u);
  std::vector<std::uint32_t> all;
  std::size_t before = SIZE_MAX;
  for (const Compiler::Request& part : parts) {
    EXPECT_EQ(part.level, Level::Quick);
    std::size_t bytes = 0;
    for (std::uint32_t i : part.functions) bytes += module_.code[i].body.size();
    EXPECT_LE(bytes, before);
    before = bytes;
    all.insert(all.end(), part.functions.begin(), part.functions.end());
  }
  std::ranges::sort(all);
  std::vector<std::uint32_t> expected(kFunctions);
  for (std::uint32_t i = 0; i < kFunctions; ++i) expected[i] = i;
  EXPECT_EQ(all, expected);
}

TEST_F(CompilerTest, AnArtifactHasTheFunctionsOfItsObjects) {
  const Compiler compiler(module_, {});
  EXPECT_TRUE(present(linked(compiler, {})).empty());
  EXPECT_EQ(present(linked(compiler, {{.functions = {7, 3}}})), (std::vector<std::uint32_t>{3, 7}));
  EXPECT_EQ(
      present(linked(compiler, {{.functions = {7}}, {.functions = {1}, .level = Level::Quick}})),
      (std::vector<std::uint32_t>{1, 7}));
}

TEST_F(CompilerTest, LevelsMakeDifferentCodeForTheSameKey) {
  const Bytes full = compile(module_, {});
  const Bytes quick = compile(module_, {.optimise = false});
  EXPECT_NE(full, quick);
  EXPECT_TRUE(std::equal(full.begin() + artifact_format::kModuleAt,
                         full.begin() + artifact_format::kFunctionsAt,
                         quick.begin() + artifact_format::kModuleAt));
}

// Function 0 is `first`, of one parameter; function 1 calls it and ends with `rest`.
CodeObject caller_of(std::string_view first, std::string_view rest) {
  const FuncType type{.params = {ValType::I32}, .results = {ValType::I32}};
  const std::string code = op(Opcode::LocalGet, 0) + op(Opcode::Call, 0) + std::string(rest);
  const std::string bytes = header() + section(1, vector({function_type(type)})) +
                            section(3, vector({u32(0), u32(0)})) +
                            section(10, vector({body({}, first), body({}, code)}));
  const Module module = decode(as_bytes(bytes));
  validate(module);
  return Compiler(module, {}).object({.functions = {0, 1}});
}

TEST(ReturnedArgumentTest, IsWhatTheCallerGave) {
  const std::string own = op(Opcode::Drop) + op(Opcode::LocalGet, 0);
  const std::string same = op(Opcode::LocalGet, 0) + op(Opcode::If, 0x40) +
                           op(Opcode::LocalGet, 0) + op(Opcode::Return) + op(Opcode::End) +
                           op(Opcode::LocalGet, 0);
  EXPECT_EQ(caller_of(same, "").bytes, caller_of(same, own).bytes);
  const std::string other = op(Opcode::LocalGet, 0) + op(Opcode::If, 0x40) +
                            op(Opcode::LocalGet, 0) + op(Opcode::Return) + op(Opcode::End) +
                            i32_const(7);
  EXPECT_NE(caller_of(other, "").bytes, caller_of(other, own).bytes);
}

TEST(FeaturesTest, ThoseOfAProcessorAsFarAsCodeMayUseThem) {
  EXPECT_TRUE(features_of("x86-64").empty());
  EXPECT_EQ(features_of("x86-64-v2"),
            (CpuFeatures{"cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3"}));
  EXPECT_EQ(std::ranges::count(features_of("skylake-avx512"), std::string_view("avx512vl")), 1);
  for (const char* unknown : {"", "pdp-11", "i386", "+avx2"}) {
    EXPECT_THROW(features_of(unknown), Error) << unknown;
  }
}

}  // namespace
}  // namespace wherry::wasm
