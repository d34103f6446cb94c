#include "container/workload/wasm_workload.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/error.h"
#include "container/workload/entrypoint.h"
#include "container/workload/value_text.h"

namespace wherry::container {
namespace {

using wasm::ValType;

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Entrypoint, MustBeAFileInsideTheRoot) {
  char name[] = "/tmp/wherry-test-XXXXXX";
  std::string root = ::mkdtemp(name);
  std::ofstream(root + "/ok.wasm") << "x";
  std::filesystem::create_directory(root + "/folder");
  std::filesystem::create_symlink("/etc/hostname", root + "/out");
  ::mkfifo((root + "/fifo").c_str(), 0600);
  os::Fd fd(::open(root.c_str(), O_PATH));
  auto opening = [&](const char* entrypoint) {
    return message_of([&] { open_entrypoint(fd.get(), {.args = {entrypoint}}); });
  };
  EXPECT_EQ(opening("ok.wasm"), "");
  EXPECT_EQ(opening("/../../ok.wasm"), "");
  EXPECT_EQ(opening("/folder"), "entrypoint '/folder' is a directory");
  EXPECT_EQ(opening("/fifo"), "entrypoint '/fifo' is no regular file");
  EXPECT_EQ(opening("/out"),
            "entrypoint '/out' not found in the container: no such file or directory");
  EXPECT_EQ(opening("none"),
            "entrypoint 'none' not found in the container: no such file or directory");
  EXPECT_EQ(opening(""), "the entrypoint is empty");
  EXPECT_EQ(open_entrypoint(fd.get(), {.args = {"ok.wasm#init"}}).function, "init");
  EXPECT_EQ(opening("/folder#init"), "entrypoint '/folder' is a directory");
  std::ofstream(root + "/ok.wasm#init") << "x";
  EXPECT_EQ(open_entrypoint(fd.get(), {.args = {"ok.wasm#init"}}).function, "");
  std::filesystem::remove_all(root);
}

TEST(Entrypoint, MustBeAModule) {
  auto requiring = [](std::string_view text) {
    return message_of([&] { require_module(as_bytes(text), "/x"); });
  };
  EXPECT_EQ(requiring(std::string_view("\0asm", 4)), "");
  EXPECT_TRUE(requiring("\x7f"
                        "ELF\2")
                  .starts_with("'/x' is a Linux program: "));
  EXPECT_TRUE(requiring("#!/bin/sh").starts_with("'/x' is a Linux program: "));
  EXPECT_EQ(requiring(""), "'/x' is empty, not a WebAssembly module");
  EXPECT_EQ(requiring("(module)"), "'/x' is not a WebAssembly module: permission denied");
}

TEST(ValueText, ReadsIntegersOfBothRanges) {
  EXPECT_EQ(parse_value(ValType::I32, "-1").as<std::uint32_t>(), 0xffffffffu);
  EXPECT_EQ(parse_value(ValType::I32, "4294967295").as<std::uint32_t>(), 0xffffffffu);
  EXPECT_EQ(parse_value(ValType::I32, "0xff").as<std::uint32_t>(), 255u);
  EXPECT_EQ(parse_value(ValType::I64, "-9223372036854775808").as<std::int64_t>(), INT64_MIN);
  for (const char* bad : {"", "-", "4294967296", "-2147483649", "1.5", "1x", "0x"}) {
    EXPECT_EQ(message_of([&] { parse_value(ValType::I32, bad); }),
              std::string("'") + bad + "' is no i32");
  }
}

TEST(ValueText, PrintsWhatItReads) {
  for (const char* text : {"0", "-7", "2147483647"}) {
    EXPECT_EQ(to_text(parse_value(ValType::I32, text)), text);
  }
  for (const char* text : {"1.5", "-0.1", "inf", "-inf", "3"}) {
    EXPECT_EQ(to_text(parse_value(ValType::F64, text)), text);
    EXPECT_EQ(to_text(parse_value(ValType::F32, text)), text);
  }
  EXPECT_TRUE(std::isnan(parse_value(ValType::F32, "nan").as<float>()));
  EXPECT_EQ(message_of([] { parse_value(ValType::F64, "1.5x"); }), "'1.5x' is no f64");
  EXPECT_EQ(message_of([] { parse_value(ValType::FuncRef, "0"); }),
            "an argument of type funcref cannot be typed");
  EXPECT_EQ(to_text(wasm::Value::null(ValType::ExternRef)), "null");
  wasm::V128 vector{};
  vector[0] = 0xab;
  EXPECT_EQ(to_text(wasm::Value::v128(vector)), "0x000000000000000000000000000000ab");
}

}  // namespace
}  // namespace wherry::container
