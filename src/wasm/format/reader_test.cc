#include "wasm/format/reader.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "wasm/format/module_writer.h"

namespace wherry::wasm {
namespace {

using namespace std::string_literals;

// The result of reading all of `bytes`, or the rule that they break.
template <typename Read>
std::string read(const std::string& bytes, Read read_one) {
  Reader reader(as_bytes(bytes), as_bytes(bytes));
  try {
    auto value = read_one(reader);
    return reader.at_end() ? std::to_string(value) : "not all read";
  } catch (const Error& error) {
    return error.what();
  }
}
std::string u32(const std::string& bytes) {
  return read(bytes, [](Reader& r) { return r.u32(); });
}
std::string s32(const std::string& bytes) {
  return read(bytes, [](Reader& r) { return r.s32(); });
}
std::string s33(const std::string& bytes) {
  return read(bytes, [](Reader& r) { return r.s33(); });
}
std::string s64(const std::string& bytes) {
  return read(bytes, [](Reader& r) { return r.s64(); });
}

const std::string kTooLong = "malformed module at offset 0x0: integer representation too long";
const std::string kTooLarge = "malformed module at offset 0x0: integer too large";

TEST(Reader, Unsigned) {
  EXPECT_EQ(u32("\x7f"), "127");
  EXPECT_EQ(u32("\x80\x01"), "128");
  EXPECT_EQ(u32("\x83\x80\x80\x80\0"s), "3");
  EXPECT_EQ(u32("\xff\xff\xff\xff\x0f"), "4294967295");
  EXPECT_EQ(u32("\xff\xff\xff\xff\x1f"), kTooLarge);
  EXPECT_EQ(u32("\x80\x80\x80\x80\x80\0"s), kTooLong);
  EXPECT_EQ(u32("\x80"), "malformed module at offset 0x1: unexpected end of section or function");
}

TEST(Reader, Signed) {
  EXPECT_EQ(s32("\x3f"), "63");
  EXPECT_EQ(s32("\x40"), "-64");
  EXPECT_EQ(s32("\xff\0"s), "127");
  EXPECT_EQ(s32("\x80\x80\x80\x80\x78"), "-2147483648");
  EXPECT_EQ(s32("\xff\xff\xff\xff\x07"), "2147483647");
  EXPECT_EQ(s32("\xff\xff\xff\xff\x7f"), "-1");
  EXPECT_EQ(s32("\xff\xff\xff\xff\x0f"), kTooLarge);
  EXPECT_EQ(s32("\x80\x80\x80\x80\x70"), kTooLarge);
  EXPECT_EQ(s32("\xff\xff\xff\xff\xff\x7f"), kTooLong);
  EXPECT_EQ(s33("\xff\xff\xff\xff\x0f"), "4294967295");
  EXPECT_EQ(s33("\x80\x80\x80\x80\x70"), "-4294967296");
  EXPECT_EQ(s33("\xff\xff\xff\xff\x1f"), kTooLarge);
  EXPECT_EQ(s64("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f"), "-9223372036854775808");
  EXPECT_EQ(s64("\xff\xff\xff\xff\xff\xff\xff\xff\xff\0"s), "9223372036854775807");
  EXPECT_EQ(s64("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), kTooLarge);
  EXPECT_EQ(s64("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\0"s), kTooLong);
}

TEST(Reader, WhatTheWriterWrites) {
  for (std::int64_t value :
       {0l, 1l, -1l, 63l, 64l, -64l, -65l, 8191l, 8192l, 1l << 40, -(1l << 62)}) {
    EXPECT_EQ(s64(writer::s64(value)), std::to_string(value));
  }
  for (std::uint32_t value : {0u, 127u, 128u, 16384u, ~0u}) {
    EXPECT_EQ(u32(writer::u32(value)), std::to_string(value));
  }
}

TEST(Reader, Utf8) {
  for (const char* good :
       {"", "plain", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(as_bytes(good))) << good;
  }
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xfe"}) {
    EXPECT_FALSE(is_utf8(as_bytes(bad))) << bad;
  }
}

}  // namespace
}  // namespace wherry::wasm
