#include "wasm/format/names.h"

#include <gtest/gtest.h>

#include "wasm/format/decode.h"
#include "wasm/format/module_writer.h"

namespace wherry::wasm {
namespace {

using namespace writer;

// Function 0 is imported as env.read, 1 is exported as "run", 2 has no name but the section's.
std::string module_with(const std::string& name_section) {
  return header() + section(1, vector({function_type({})})) +
         section(2, vector({sized("env") + sized("read") + byte(0) + u32(0)})) +
         section(3, vector({u32(0), u32(0)})) +
         section(7, vector({sized("run") + byte(0) + u32(1)})) +
         section(10, vector({body({}, ""), body({}, "")})) +
         (name_section.empty() ? "" : section(0, sized("name") + name_section));
}

std::optional<std::string> name_of(const std::string& bytes, std::uint32_t function) {
  return function_name(decode(as_bytes(bytes)), function);
}

std::string names(const std::vector<std::string>& entries) {
  return section(0, sized("module")) + section(1, vector(entries));
}

TEST(Names, FromTheNameSection) {
  std::string bytes = module_with(names({u32(1) + sized("first"), u32(2) + sized("second")}));
  EXPECT_EQ(name_of(bytes, 0), "env.read");
  EXPECT_EQ(name_of(bytes, 1), "first");
  EXPECT_EQ(name_of(bytes, 2), "second");
  EXPECT_EQ(name_of(bytes, 3), std::nullopt);
}

TEST(Names, FromExportsAndImports) {
  std::string bytes = module_with("");
  EXPECT_EQ(name_of(bytes, 0), "env.read");
  EXPECT_EQ(name_of(bytes, 1), "run");
  EXPECT_EQ(name_of(bytes, 2), std::nullopt);
}

TEST(Names, ADamagedSectionIsNoError) {
  std::string whole = names({u32(1) + sized("first"), u32(2) + sized("second")});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::string bytes = module_with(whole.substr(0, size));
    EXPECT_EQ(name_of(bytes, 2), std::nullopt) << size;
    EXPECT_TRUE(name_of(bytes, 1).has_value()) << size;
  }
  EXPECT_EQ(name_of(module_with(names({u32(2) + sized("\xff")})), 2), std::nullopt);
  EXPECT_EQ(name_of(module_with("\xff\xff\xff\xff\xff"), 2), std::nullopt);
}

TEST(Names, Printable) {
  EXPECT_EQ(printable("plain_name<T>::f"), "plain_name<T>::f");
  EXPECT_EQ(printable("a\x1b[31m\n'\\"), "a\\1b[31m\\0a\\27\\5c");
  EXPECT_EQ(printable("\xc3\xa9 \xc2\x9b"), "\xc3\xa9 \\u{9b}");
  EXPECT_EQ(printable(std::string(300, 'x')), std::string(200, 'x') + "...");
}

}  // namespace
}  // namespace wherry::wasm
