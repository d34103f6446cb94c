#include "wasm/format/decode.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "wasm/format/limits.h"
#include "wasm/format/module_writer.h"

namespace wherry::wasm {
namespace {

using namespace std::string_literals;

const std::string kHeader = "\0asm\1\0\0\0"s;

std::string error_of(const std::string& bytes) {
  try {
    decode(as_bytes(bytes));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Decode, EmptyModule) {
  Module module = decode(as_bytes(kHeader));
  EXPECT_TRUE(module.types.empty());
  EXPECT_TRUE(module.code.empty());
}

TEST(Decode, HeaderIsRequired) {
  EXPECT_EQ(error_of(""), "malformed module at offset 0x0: magic header not detected");
  EXPECT_EQ(error_of("\0asn\1\0\0\0"s),
            "malformed module at offset 0x0: magic header not detected");
  EXPECT_EQ(error_of("\0asm\2\0\0\0"s), "malformed module at offset 0x4: unknown binary version 2");
  EXPECT_EQ(error_of("\0asm\x0d\0\1\0"s),
            "malformed module at offset 0x4: unknown binary version: this is a component, and only "
            "core modules are supported (build it for wasip1)");
}

TEST(Decode, SectionsKeepTheirOrderAndSize) {
  EXPECT_EQ(error_of(kHeader + "\3\1\0\1\1\0"s),
            "malformed module at offset 0xb: unexpected content after last section");
  EXPECT_EQ(error_of(kHeader + "\1\2\0\0"s),
            "malformed module at offset 0xb: section size mismatch");
  EXPECT_EQ(error_of(kHeader + "\x0d\0"s),
            "malformed module at offset 0x8: malformed section id 13");
  EXPECT_EQ(error_of(kHeader + "\1\5\0"s), "malformed module at offset 0xa: length out of bounds");
}

TEST(Decode, ReadsAFunction) {
  // (module (func (export "f") (param i32) (result i32) (local i64 i64) local.get 0))
  std::string bytes = kHeader +
                      "\1\6\1\x60\1\x7f\1\x7f"
                      "\3\2\1\0"
                      "\7\5\1\1f\0\0"
                      "\x0a\x08\1\6\1\2\x7e\x20\0\x0b"s;
  Module module = decode(as_bytes(bytes));
  ASSERT_EQ(module.functions.size(), 1u);
  EXPECT_EQ(module.type_of(0), (FuncType{{ValType::I32}, {ValType::I32}}));
  ASSERT_EQ(module.exports.size(), 1u);
  EXPECT_EQ(module.exports[0].name, "f");
  ASSERT_EQ(module.code.size(), 1u);
  ASSERT_EQ(module.code[0].locals.size(), 1u);
  EXPECT_EQ(module.code[0].locals[0].count, 2u);
  EXPECT_EQ(module.code[0].locals[0].type, ValType::I64);
  EXPECT_EQ(module.code[0].body.size(), 3u);
  EXPECT_EQ(bytes[module.code[0].offset], '\x20');
}

using namespace writer;

const std::string kEnd = op(Opcode::End);

TEST(Decode, Constants) {
  auto global = [](ValType type, const std::string& expression) {
    return writer::type(type) + byte(0) + expression + kEnd;
  };
  std::string vector_bits = "0123456789abcdef";
  std::string bytes =
      header() +
      section(6, vector({global(ValType::I32, i32_const(-5)), global(ValType::I64, i64_const(-6)),
                         global(ValType::F32, op(Opcode::F32Const) + "\0\0\x80\x3f"s),
                         global(ValType::F64, op(Opcode::F64Const) + "\0\0\0\0\0\0\xf0\x3f"s),
                         global(ValType::V128, op(Opcode::V128Const) + vector_bits),
                         global(ValType::FuncRef, op(Opcode::RefFunc, 3)),
                         global(ValType::ExternRef, op(Opcode::RefNull) + "\x6f"),
                         global(ValType::I32, op(Opcode::GlobalGet, 9))}));
  Module module = decode(as_bytes(bytes));
  ASSERT_EQ(module.global_inits.size(), 8u);
  const auto& inits = module.global_inits;
  EXPECT_EQ(load_little<std::int32_t>(inits[0].bits.data()), -5);
  EXPECT_EQ(load_little<std::int64_t>(inits[1].bits.data()), -6);
  EXPECT_EQ(load_little<float>(inits[2].bits.data()), 1.0f);
  EXPECT_EQ(load_little<double>(inits[3].bits.data()), 1.0);
  EXPECT_EQ(as_text(inits[4].bits), vector_bits);
  EXPECT_EQ(inits[5].kind, ConstExpr::Kind::RefFunc);
  EXPECT_EQ(inits[5].index, 3u);
  EXPECT_EQ(inits[6].kind, ConstExpr::Kind::RefNull);
  EXPECT_EQ(inits[6].type, ValType::ExternRef);
  EXPECT_EQ(inits[7].kind, ConstExpr::Kind::GlobalGet);
  EXPECT_EQ(inits[7].index, 9u);
}

// All eight forms of an element segment (core spec 5.5.12).
TEST(Decode, ElementSegments) {
  std::string offset = i32_const(1) + kEnd;
  std::string functions = vector({u32(0), u32(1)});
  std::string expressions = vector({op(Opcode::RefFunc, 1) + kEnd});
  std::string nulls = vector({op(Opcode::RefNull) + "\x6f" + kEnd});
  std::string bytes =
      header() +
      section(9,
              vector({u32(0) + offset + functions, u32(1) + byte(0) + functions,
                      u32(2) + u32(7) + offset + byte(0) + functions, u32(3) + byte(0) + functions,
                      u32(4) + offset + expressions, u32(5) + "\x6f" + nulls,
                      u32(6) + u32(8) + offset + "\x6f" + nulls, u32(7) + "\x70" + expressions}));
  Module module = decode(as_bytes(bytes));
  ASSERT_EQ(module.elements.size(), 8u);
  using enum SegmentMode;
  const SegmentMode modes[] = {Active, Passive, Active, Declarative,
                               Active, Passive, Active, Declarative};
  const std::uint32_t tables[] = {0, 0, 7, 0, 0, 0, 8, 0};
  for (std::size_t i = 0; i < 8; ++i) {
    const ElementSegment& segment = module.elements[i];
    EXPECT_EQ(segment.mode, modes[i]) << i;
    EXPECT_EQ(segment.table, tables[i]) << i;
    EXPECT_EQ(segment.type, i == 5 || i == 6 ? ValType::ExternRef : ValType::FuncRef) << i;
    EXPECT_EQ(segment.items.size(), i < 4 ? 2u : 1u) << i;
  }
}

TEST(Decode, Malformed) {
  EXPECT_EQ(error_of(kHeader + section(1, vector({byte(0x5f)}))),
            "malformed module at offset 0xb: malformed function type");
  EXPECT_EQ(error_of(kHeader + section(1, vector({byte(0x60) + vector({byte(0x6e)})}))),
            "malformed module at offset 0xd: malformed value type 0x6e");
  EXPECT_EQ(error_of(kHeader + section(2, vector({sized("a") + sized("\xff") + byte(0)}))),
            "malformed module at offset 0xe: malformed UTF-8 encoding");
  EXPECT_EQ(error_of(kHeader + section(2, vector({sized("a") + sized("b") + byte(4)}))),
            "malformed module at offset 0xf: malformed import kind 0x04");
  EXPECT_EQ(error_of(kHeader + section(3, vector({u32(0)}))),
            "malformed module at offset 0xc: function and code section have inconsistent lengths");
  EXPECT_EQ(error_of(kHeader + section(4, vector({byte(0x7f) + byte(0) + u32(0)}))),
            "malformed module at offset 0xb: malformed reference type 0x7f");
  EXPECT_EQ(error_of(kHeader + section(5, vector({byte(4) + u32(0)}))),
            "malformed module at offset 0xb: malformed limits flags 0x04");
  EXPECT_EQ(error_of(kHeader + section(6, vector({byte(0x7f) + byte(2)}))),
            "malformed module at offset 0xc: malformed mutability");
  EXPECT_EQ(error_of(kHeader + section(9, vector({u32(8)}))),
            "malformed module at offset 0xb: malformed elements segment kind 8");
  EXPECT_EQ(error_of(kHeader + section(12, u32(1))),
            "malformed module at offset 0xb: data count and data section have inconsistent "
            "lengths");
  EXPECT_EQ(error_of(kHeader + section(0, "")),
            "malformed module at offset 0xa: unexpected end of section or function");
  EXPECT_EQ(error_of(kHeader + section(0, u32(5) + "abc")),
            "malformed module at offset 0xb: length out of bounds");
}

TEST(Decode, Limits) {
  EXPECT_EQ(error_of(kHeader + section(4, vector({byte(0x70) + byte(0) + u32(10'000'001)}))),
            "module over a limit at offset 0xc: a table of 10000001 elements, at most 10000000");
  EXPECT_EQ(error_of(kHeader + section(1, vector({byte(0x60) + types({}) +
                                                  types(std::vector(1001, ValType::I32))}))),
            "module over a limit at offset 0xe: 1001 results, at most 1000");
  std::string functions = section(1, vector({function_type({})})) + section(3, vector({u32(0)}));
  EXPECT_EQ(error_of(kHeader + functions +
                     section(10, vector({body({u32(50'001) + type(ValType::I32)}, "")}))),
            "module over a limit at offset 0x16: 50001 locals in a function, at most 50000");
  EXPECT_EQ(
      error_of(
          kHeader + functions +
          section(10, vector({body({u32(~0u) + type(ValType::I32), u32(1) + type(ValType::I32)},
                                   "")}))),
      "malformed module at offset 0x16: too many locals");
  EXPECT_EQ(error_of(kHeader + functions +
                     section(10, vector({body({}, std::string(limits::kBodyBytes, '\1'))}))),
            "module over a limit at offset 0x18: a function of 7654323 bytes, at most 7654321");
  // A count that cannot be met is malformed, and nothing is reserved for it.
  EXPECT_EQ(error_of(kHeader + section(1, u32(999'999))),
            "malformed module at offset 0xd: unexpected end of section or function");
}

}  // namespace
}  // namespace wherry::wasm
