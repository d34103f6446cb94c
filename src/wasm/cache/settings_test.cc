#include "wasm/cache/settings.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error.h"

namespace wherry::wasm {
namespace {

Environment with(std::map<std::string, std::string> values) {
  return [values](const char* name) -> std::optional<std::string> {
    auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(CacheSettings, TheFolderIsTheMachinesOrTheUsers) {
  EXPECT_EQ(cache_folder(with({}), true), "/var/lib/wherry/cache");
  EXPECT_EQ(cache_folder(with({}), false), std::nullopt);
  EXPECT_EQ(cache_folder(with({{"HOME", "/home/me"}}), false), "/home/me/.cache/wherry");
  EXPECT_EQ(cache_folder(with({{"HOME", "/home/me"}, {"XDG_CACHE_HOME", "/c"}}), false),
            "/c/wherry");
  EXPECT_EQ(cache_folder(with({{"XDG_CACHE_HOME", "relative"}, {"HOME", "/h"}}), false),
            "/h/.cache/wherry");
  EXPECT_EQ(cache_folder(with({{"HOME", "/h"}, {"WHERRY_ROOT", "/r"}}), true), "/r/cache");
  EXPECT_EQ(cache_folder(with({{"WHERRY_CACHE", "/x"}, {"WHERRY_ROOT", "/r"}}), true), "/x");
  EXPECT_EQ(cache_folder(with({{"WHERRY_CACHE", ""}, {"WHERRY_ROOT", "/r"}}), true), "/r/cache");
  EXPECT_THROW(cache_folder(with({{"WHERRY_CACHE", "x"}, {"WHERRY_ROOT", "/r"}}), true), Error);
}

TEST(CacheSettings, ASizeHasAUnit) {
  EXPECT_EQ(cache_bytes(with({})), kUsualCacheBytes);
  EXPECT_EQ(cache_bytes(with({{"WHERRY_CACHE_SIZE", "4096"}})), 4096u);
  EXPECT_EQ(cache_bytes(with({{"WHERRY_CACHE_SIZE", "512M"}})), 512u << 20);
  EXPECT_EQ(cache_bytes(with({{"WHERRY_CACHE_SIZE", "2G"}})), std::uint64_t{2} << 30);
  for (const char* wrong : {"x", "5X", "5MB", "-1", "99999999T", "M"}) {
    EXPECT_THROW(cache_bytes(with({{"WHERRY_CACHE_SIZE", wrong}})), Error) << wrong;
  }
}

TEST(CacheSettings, ATierIsOneOfThree) {
  EXPECT_EQ(parse_tier("interpreter", "x"), Tier::Interpreter);
  EXPECT_EQ(parse_tier("compiled", "x"), Tier::Compiled);
  EXPECT_EQ(parse_tier("auto", "x"), Tier::Auto);
  EXPECT_EQ(parse_tier("", "x"), Tier::Auto);
  try {
    parse_tier("fast", "WHERRY_TIER");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "WHERRY_TIER: 'fast' is neither 'interpreter', 'compiled' nor 'auto'");
  }
}

}  // namespace
}  // namespace wherry::wasm
