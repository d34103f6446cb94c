#include "wasm/format/validate.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "wasm/format/decode.h"
#include "wasm/format/limits.h"
#include "wasm/format/module_writer.h"

namespace wherry::wasm {
namespace {

using namespace writer;

// A module of two types, an imported constant i32 global, a funcref and an externref table, a memory,
// a mutable i64 global, a passive data segment, a declared function 0, and one body of type 0.
struct TestModule {
  FuncType type;
  std::vector<std::string> locals;
  std::string instructions;
  bool memory = true;
  bool data_count = true;

  std::string bytes() const {
    return header() +
           section(1,
                   vector({function_type(type), function_type({{ValType::I32, ValType::F64},
                                                               {ValType::F64, ValType::I32}})})) +
           section(2, vector({sized("env") + sized("g") + byte(3) + writer::type(ValType::I32) +
                              byte(0)})) +
           section(3, vector({u32(0)})) +
           section(4, vector({writer::type(ValType::FuncRef) + byte(0) + u32(10),
                              writer::type(ValType::ExternRef) + byte(0) + u32(10)})) +
           (memory ? section(5, vector({byte(0) + u32(1)})) : "") +
           section(
               6, vector({writer::type(ValType::I64) + byte(1) + i64_const(7) + op(Opcode::End)})) +
           section(7, vector({sized("main") + byte(0) + u32(0)})) +
           section(9, vector({byte(1) + byte(0) + vector({u32(0)})})) +
           (data_count ? section(12, u32(1)) : "") +
           section(10, vector({body(locals, instructions)})) +
           section(11, vector({byte(1) + sized("data")}));
  }
};

std::string error_of(const std::string& bytes, unsigned threads = 1) {
  try {
    validate(decode(as_bytes(bytes)), {.threads = threads});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// The rule that a body breaks: what follows the offset in the message.
std::string rule(const std::string& instructions, const FuncType& type = {}) {
  std::string message = error_of(TestModule{.type = type, .instructions = instructions}.bytes());
  std::size_t offset = message.find("offset 0x");
  return offset == std::string::npos ? message : message.substr(message.find(": ", offset) + 2);
}

const std::string kI32 = i32_const(0);
const std::string kI64 = i64_const(0);
const std::string kEnd = op(Opcode::End);
const std::string kEmpty = byte(0x40);

TEST(Validate, GoodBodies) {
  EXPECT_EQ(rule(""), "");
  EXPECT_EQ(rule(kI32, {{}, {ValType::I32}}), "");
  EXPECT_EQ(rule(op(Opcode::Block) + writer::type(ValType::I32) + kI32 + kEnd + op(Opcode::Drop)),
            "");
  // A block of type 1: it takes an i32 and an f64, and gives them back the other way round.
  EXPECT_EQ(rule(op(Opcode::LocalGet, 0) + op(Opcode::LocalGet, 1) + op(Opcode::Block) + s64(1) +
                     op(Opcode::Drop) + op(Opcode::Drop) + op(Opcode::LocalGet, 1) + kI32 + kEnd,
                 {{ValType::I32, ValType::F64}, {ValType::F64, ValType::I32}}),
            "");
  EXPECT_EQ(rule(kI32 + op(Opcode::If) + kEmpty + op(Opcode::Else) + kEnd), "");
  EXPECT_EQ(rule(op(Opcode::RefFunc, 0) + op(Opcode::RefIsNull) + op(Opcode::Drop)), "");
  EXPECT_EQ(rule(kI32 + kI32 + kI32 + op(Opcode::MemoryInit, 0) + byte(0)), "");
}

TEST(Validate, UnreachableCodeTakesAnyType) {
  std::string unreachable = op(Opcode::Unreachable);
  EXPECT_EQ(rule(unreachable + op(Opcode::I32Add), {{}, {ValType::I32}}), "");
  EXPECT_EQ(rule(unreachable + op(Opcode::Select) + op(Opcode::I64Eqz) + op(Opcode::Drop)), "");
  EXPECT_EQ(rule(unreachable + op(Opcode::Select) + op(Opcode::RefIsNull) + op(Opcode::Drop)), "");
  EXPECT_EQ(rule(unreachable + kI64 + op(Opcode::I32Add), {{}, {ValType::I32}}),
            "type mismatch: expected i32, found i64");
  EXPECT_EQ(rule(unreachable + kI32),
            "type mismatch: 1 values too many at the end of the block, the last is i32");
  EXPECT_EQ(rule(op(Opcode::Br, 0) + op(Opcode::Drop) + op(Opcode::LocalGet, 7)),
            "unknown local 7");
}

TEST(Validate, TypeMismatches) {
  EXPECT_EQ(rule(kI32 + kI64 + op(Opcode::I32Add) + op(Opcode::Drop)),
            "type mismatch: expected i32, found i64");
  EXPECT_EQ(rule(kI32 + op(Opcode::I32Add) + op(Opcode::Drop)),
            "type mismatch: expected i32, found nothing on the stack");
  EXPECT_EQ(rule(kI32 + op(Opcode::Block) + kEmpty + op(Opcode::Drop) + kEnd),
            "type mismatch: expected a value, found nothing on the stack");
  EXPECT_EQ(rule("", {{}, {ValType::I32}}),
            "type mismatch: expected i32, found nothing on the stack");
  EXPECT_EQ(rule(kI32 + kI32 + op(Opcode::If) + writer::type(ValType::I32) + kI32 + kEnd),
            "type mismatch: an if without else must give back what it takes");
  EXPECT_EQ(rule(kI32 + kI64 + kI32 + op(Opcode::Select)),
            "type mismatch: select between i32 and i64");
  EXPECT_EQ(rule(op(Opcode::RefFunc, 0) + op(Opcode::RefFunc, 0) + kI32 + op(Opcode::Select)),
            "type mismatch: select without a type cannot choose between funcref values");
  EXPECT_EQ(rule(kI32 + op(Opcode::SelectTyped) + vector({})),
            "invalid result arity: select with 0 types");
  EXPECT_EQ(rule(kI32 + op(Opcode::RefIsNull)), "type mismatch: expected a reference, found i32");
  EXPECT_EQ(rule(kI32 + op(Opcode::CallIndirect, 0, 1)),
            "type mismatch: expected a table of funcref, found table 1 of externref");
  EXPECT_EQ(rule(kI32 + kI32 + kI32 + op(Opcode::TableCopy, 0, 1)),
            "type mismatch: expected a table of funcref, found table 1 of externref");
  EXPECT_EQ(rule(kI32 + kI32 + kI32 + op(Opcode::TableInit, 0, 1)),
            "type mismatch: expected elements of externref, found elem segment 0 of funcref");
}

TEST(Validate, IndicesAndImmediates) {
  EXPECT_EQ(rule(op(Opcode::LocalGet, 0)), "unknown local 0");
  EXPECT_EQ(rule(op(Opcode::GlobalGet, 2)), "unknown global 2");
  EXPECT_EQ(rule(kI32 + op(Opcode::GlobalSet, 0)), "global is immutable: global 0");
  EXPECT_EQ(rule(op(Opcode::Call, 1)), "unknown function 1");
  EXPECT_EQ(rule(op(Opcode::RefFunc, 1)), "unknown function 1");
  EXPECT_EQ(rule(kI32 + op(Opcode::CallIndirect, 2, 0)), "unknown type 2");
  EXPECT_EQ(rule(op(Opcode::Block) + s64(2) + kEnd), "unknown type 2");
  EXPECT_EQ(rule(op(Opcode::Br, 1)), "unknown label 1");
  EXPECT_EQ(rule(kI32 + op(Opcode::TableGet, 2)), "unknown table 2");
  EXPECT_EQ(rule(op(Opcode::ElemDrop, 1)), "unknown elem segment 1");
  EXPECT_EQ(rule(op(Opcode::DataDrop, 1)), "unknown data segment 1");
  EXPECT_EQ(rule(kI32 + op(Opcode::I32Load, 3, 0) + op(Opcode::Drop)),
            "alignment must not be larger than natural: 2**3 bytes, at most 2**2");
  EXPECT_EQ(
      rule(op(Opcode::V128Const) + std::string(16, '\0') + op(Opcode::I32x4ExtractLane) + byte(4)),
      "invalid lane index 4 of 4 lanes");
}

TEST(Validate, MemoryMustBeThere) {
  TestModule module{.instructions = kI32 + op(Opcode::I32Load, 0, 0) + op(Opcode::Drop),
                    .memory = false};
  EXPECT_EQ(error_of(module.bytes()),
            "invalid module: function 0 ('main'), offset 0x51: unknown memory 0");
  EXPECT_EQ(module.bytes()[0x51], static_cast<char>(Opcode::I32Load));
}

TEST(Validate, BytesOfBodiesAreChecked) {
  EXPECT_EQ(rule(byte(0x06)), "illegal opcode 0x06");
  EXPECT_EQ(rule(byte(0xfc) + u32(18)), "illegal opcode 0xfc 18");
  EXPECT_EQ(rule(byte(0xfd) + u32(0x9a)), "illegal opcode 0xfd 154");
  EXPECT_EQ(rule(byte(0xfd) + u32(0x100)), "illegal opcode 0xfd 256");
  EXPECT_EQ(rule(op(Opcode::MemorySize) + byte(1)), "zero byte expected");
  EXPECT_EQ(rule(op(Opcode::Else)), "END opcode expected, found else");
  EXPECT_EQ(rule(op(Opcode::Block) + kEmpty), "unexpected end of section or function");
  EXPECT_EQ(rule(kEnd), "section size mismatch: bytes after the final end");
  EXPECT_EQ(rule(op(Opcode::I32Const) + "\x80\x80\x80\x80\x80"), "integer representation too long");
  EXPECT_EQ(rule(op(Opcode::I32Const) + "\xff\xff\xff\xff\x4f"), "integer too large");
  EXPECT_EQ(rule(kI32 + op(Opcode::I32Load, 32, 0)), "malformed memop flags");
  TestModule module{.instructions = op(Opcode::DataDrop, 0), .data_count = false};
  EXPECT_TRUE(error_of(module.bytes()).ends_with("data count section required"));
}

TEST(Validate, MalformedComesBeforeInvalid) {
  std::string bytes = header() + section(1, vector({function_type({})})) +
                      section(3, vector({u32(0), u32(0)})) +
                      section(10, vector({body({}, op(Opcode::Drop)), body({}, byte(0x06))}));
  EXPECT_EQ(error_of(bytes), "malformed module at offset 0x1c: illegal opcode 0x06");
}

TEST(Validate, BrTableLabelsAgree) {
  auto table = [](std::vector<std::uint32_t> labels) {
    std::string text = op(Opcode::BrTable) + u32(static_cast<std::uint32_t>(labels.size() - 1));
    for (std::uint32_t label : labels) text += u32(label);
    return text;
  };
  std::string inner = op(Opcode::Block) + writer::type(ValType::I32);
  std::string outer = op(Opcode::Block) + writer::type(ValType::I64);
  std::string drop = kEnd + op(Opcode::Drop);
  EXPECT_EQ(rule(inner + kI32 + kI32 + table({0, 0, 0}) + drop), "");
  EXPECT_EQ(
      rule(outer + inner + kI32 + kI32 + table({0, 1}) + kEnd + op(Opcode::Drop) + kI64 + drop),
      "type mismatch: expected i64, found i32");
  EXPECT_EQ(rule(outer + inner + op(Opcode::Unreachable) + kI32 + table({0, 1}) + kEnd +
                 op(Opcode::Drop) + kI64 + drop),
            "");
  EXPECT_EQ(rule(inner + kI32 + kI32 + table({0, 1}) + drop),
            "type mismatch: labels of br_table take 1 and 0 values");
}

TEST(Validate, ManyLocals) {
  TestModule module{.type = {{ValType::F32}, {}}};
  module.locals = {u32(3000) + writer::type(ValType::I32), u32(2000) + writer::type(ValType::I64)};
  auto get = [&](std::uint32_t index, Opcode test) {
    module.instructions = op(Opcode::LocalGet, index) + op(test) + op(Opcode::Drop);
    return error_of(module.bytes());
  };
  EXPECT_EQ(get(0, Opcode::F32Abs), "");
  EXPECT_EQ(get(3000, Opcode::I32Eqz), "");
  EXPECT_EQ(get(3001, Opcode::I64Eqz), "");
  EXPECT_EQ(get(5000, Opcode::I64Eqz), "");
  EXPECT_NE(get(3000, Opcode::I64Eqz), "");
  EXPECT_NE(get(5001, Opcode::I64Eqz), "");
}

TEST(Validate, LimitsOfABody) {
  std::string deep;
  for (std::uint32_t i = 0; i <= limits::kNesting; ++i) deep += op(Opcode::Block) + kEmpty;
  EXPECT_EQ(rule(deep), "blocks nested more than 100000 deep");
  // Two bytes a call, a thousand values each.
  FuncType wide{{}, std::vector<ValType>(1000, ValType::I64)};
  std::string calls;
  for (int i = 0; i < 1100; ++i) calls += op(Opcode::Call, 0);
  EXPECT_EQ(rule(calls, wide), "more than 1000000 values on the operand stack");
}

// Of three megabytes, which several threads share. Functions that are `bad` drop what is not there.
std::string large_module(std::initializer_list<std::size_t> bad) {
  const std::string filler(1500, static_cast<char>(Opcode::Nop));
  std::vector<std::string> types(2000, u32(0));
  std::vector<std::string> bodies(types.size(), body({}, filler));
  for (std::size_t each : bad) bodies[each] = body({}, filler + op(Opcode::Drop));
  return header() + section(1, vector({function_type({})})) + section(3, vector(types)) +
         section(10, vector(bodies));
}

TEST(Validate, ThreadsReportTheFirstError) {
  EXPECT_EQ(error_of(large_module({}), 4), "");
  const std::string bad = large_module({300, 301, 1999});
  const std::string alone = error_of(bad, 1);
  EXPECT_TRUE(alone.starts_with("invalid module: function 300, ")) << alone;
  EXPECT_EQ(error_of(bad, 4), alone);
}

TEST(Validate, GoesOnWithoutThreads) {
  const std::string good = large_module({});
  const std::string bad = large_module({1999});
  const auto validate_without = [&] {
    const rlimit none = {0, 0};
    const bool limited = ::setrlimit(RLIMIT_NPROC, &none) == 0;
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(3);
    const bool has_threads = [] {
      try {
        std::thread([] {}).join();
        return true;
      } catch (const std::system_error&) {
        return false;
      }
    }();
    if (!limited || has_threads) ::_exit(2);
    ::_exit(error_of(good, 4).empty() && error_of(bad, 4).find("function 1999") != std::string::npos
                ? 0
                : 1);
  };
  EXPECT_EXIT(validate_without(), testing::ExitedWithCode(0), "");
}

// Modules without functions, by their sections.
std::string rule_of_sections(const std::string& sections) { return error_of(header() + sections); }

TEST(Validate, ModuleRules) {
  std::string funcref = writer::type(ValType::FuncRef);
  EXPECT_EQ(rule_of_sections(section(2, vector({sized("m") + sized("f") + byte(0) + u32(3)}))),
            "invalid module: function 0: unknown type 3");
  EXPECT_EQ(rule_of_sections(section(4, vector({funcref + byte(1) + u32(2) + u32(1)}))),
            "invalid module: table 0: size minimum must not be greater than maximum: 2 and 1");
  EXPECT_EQ(
      rule_of_sections(section(5, vector({byte(0) + u32(65537)}))),
      "invalid module: memory 0: memory size must be at most 65536 pages (4GiB), found 65537");
  EXPECT_EQ(rule_of_sections(section(5, vector({byte(0) + u32(1), byte(0) + u32(1)}))),
            "invalid module: memory 1: multiple memories");
  EXPECT_EQ(
      rule_of_sections(section(6, vector({writer::type(ValType::I32) + byte(0) + kI64 + kEnd}))),
      "invalid module: global 0: type mismatch: expected i32, found i64");
  EXPECT_EQ(rule_of_sections(section(6, vector({writer::type(ValType::I32) + byte(0) + kI32 + kEnd,
                                                writer::type(ValType::I32) + byte(0) +
                                                    op(Opcode::GlobalGet, 0) + kEnd}))),
            "invalid module: global 1: unknown global 0: only imported ones are constant");
  EXPECT_EQ(rule_of_sections(section(6, vector({writer::type(ValType::I32) + byte(0) + kI32 + kI32 +
                                                op(Opcode::I32Add) + kEnd}))),
            "invalid module: offset 0xd: constant expression required: a single constant "
            "instruction");
  EXPECT_EQ(rule_of_sections(section(7, vector({sized("f\n'") + byte(0) + u32(0)}))),
            "invalid module: export 'f\\0a\\27': unknown function 0");
  EXPECT_EQ(rule_of_sections(
                section(5, vector({byte(0) + u32(1)})) +
                section(7, vector({sized("a") + byte(2) + u32(0), sized("b") + byte(2) + u32(0),
                                   sized("a") + byte(2) + u32(0)}))),
            "invalid module: export 'a': duplicate export name");
  EXPECT_EQ(rule_of_sections(section(8, u32(0))),
            "invalid module: start function: unknown function 0");
  EXPECT_EQ(rule_of_sections(section(9, vector({byte(0) + kI32 + kEnd + vector({})}))),
            "invalid module: elem segment 0: unknown table 0");
  EXPECT_EQ(rule_of_sections(section(11, vector({byte(0) + kI32 + kEnd + sized("")}))),
            "invalid module: data segment 0: unknown memory 0");
}

// No byte less than a whole module is a module, and none makes the reader leave the bytes.
TEST(Validate, TruncatedAnywhere) {
  std::string whole =
      TestModule{.type = {{ValType::I32, ValType::F64}, {ValType::F64, ValType::I32}},
                 .locals = {u32(2) + writer::type(ValType::V128)},
                 .instructions = op(Opcode::LocalGet, 1) + op(Opcode::LocalGet, 0) + kI32 +
                                 op(Opcode::BrTable) + vector({u32(0), u32(0)}) + u32(0)}
          .bytes();
  ASSERT_EQ(error_of(whole), "");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A copy of its own, so that a sanitizer sees a read past the end.
    std::string cut = whole.substr(0, size);
    cut.shrink_to_fit();
    std::string error = error_of(cut);
    // A cut between sections can leave a module that is merely another one.
    EXPECT_TRUE(error.empty() || error.find("module") != std::string::npos) << error;
  }
}

TEST(Validate, OneByteChanged) {
  std::string whole =
      TestModule{.type = {{ValType::I32}, {ValType::I32}}, .instructions = op(Opcode::LocalGet, 0)}
          .bytes();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = whole;
      changed[at] = static_cast<char>(value);
      error_of(changed);  // anything but a crash
    }
  }
}

}  // namespace
}  // namespace wherry::wasm
