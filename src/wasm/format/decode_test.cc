#include "wasm/format/decode.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

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

}  // namespace
}  // namespace wherry::wasm
