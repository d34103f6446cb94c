#include "oci/platform.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::oci {
namespace {

TEST(Platform, ParsesWhatItPrints) {
  for (const char* text : {"wasi/wasm", "linux/amd64", "linux/arm64/v8"}) {
    EXPECT_EQ(to_string(parse_platform(text)), text);
  }
  EXPECT_EQ(to_string(parse_platform("WASI/Wasm")), "wasi/wasm");
  EXPECT_EQ(to_string(parse_platform("wasm")), "wasi/wasm");
}

TEST(Platform, RefusesWhatIsNotOne) {
  for (std::string bad : {std::string(), std::string("wasi"), std::string("a/"),
                          std::string("a/b/c/d"), std::string("a b/c"), std::string(500, 'a')}) {
    EXPECT_THROW(parse_platform(bad), Error) << bad;
  }
}

TEST(Platform, WasmIsOneFamily) {
  for (const char* text : {"wasi/wasm", "wasi/wasm32", "wasip1/wasm", "wasip2/wasm"}) {
    EXPECT_TRUE(matches(wasm_platform(), parse_platform(text))) << text;
    EXPECT_TRUE(matches(parse_platform(text), wasm_platform())) << text;
  }
  EXPECT_TRUE(is_wasm({.os = "Wasip1", .architecture = "wasm", .variant = {}}));
  EXPECT_FALSE(matches(wasm_platform(), parse_platform("linux/amd64")));
  EXPECT_FALSE(matches(parse_platform("linux/amd64"), wasm_platform()));
  EXPECT_FALSE(matches(parse_platform("linux/arm/v7"), parse_platform("linux/arm/v6")));
  EXPECT_FALSE(is_wasm(parse_platform("linux/wasm")));
}

}  // namespace
}  // namespace wherry::oci
