#include "spec/expected_failures.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::spec {
namespace {

using Names = std::vector<std::string>;

std::string error_of(std::string_view text) {
  try {
    ExpectedFailures list(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ExpectedFailures, FindsLinesAndWholeFiles) {
  ExpectedFailures list("# why\na.wast:12 one\nb.wast:* two\n");
  EXPECT_EQ(list.find("a.wast", 12), "one");
  EXPECT_EQ(list.find("a.wast", 13), std::nullopt);
  EXPECT_EQ(list.find("b.wast", 7), "two");
  EXPECT_EQ(list.find("c.wast", 7), std::nullopt);
}

TEST(ExpectedFailures, WhatPassesIsUnused) {
  ExpectedFailures list("a.wast:12 one\na.wast:13 one\nb.wast:* two\nc.wast:* three\n");
  list.find("a.wast", 13);
  EXPECT_EQ(list.unused({"a.wast", "b.wast"}), (Names{"a.wast:12", "b.wast:*"}));
}

TEST(ExpectedFailures, BadListsSayWhere) {
  EXPECT_EQ(error_of("a.wast:*\n"), "line 1: expected 'file:line reason' or 'file:* reason'");
  EXPECT_EQ(error_of("\na.wast:x y\n"), "line 2: expected a line number or *, found 'x'");
  EXPECT_EQ(error_of("b.wast:* x\na.wast:* y\n"), "line 2: the files are not sorted");
  EXPECT_EQ(error_of("a.wast:1 x\na.wast:1 y\n"), "line 2: 'a.wast:1' is listed already");
  EXPECT_EQ(error_of("a.wast:* x\na.wast:1 y\n"), "line 2: 'a.wast:1' is listed already");
}

}  // namespace
}  // namespace wherry::spec
