#include "wasm/compiler/fixed_table.h"

#include <gtest/gtest.h>

#include "wasm/format/decode.h"
#include "wasm/format/module_writer.h"
#include "wasm/format/validate.h"

namespace wherry::wasm::compiler {
namespace {

using namespace writer;

// Two functions and a table of four elements, and what is to be different about it.
struct Sections {
  std::string imports = {};
  std::string tables = u32(1) + byte(0x70) + byte(0) + u32(4);
  std::string exports = {};
  std::string elements = u32(1) + active(1, {0, 1});
  std::string code = op(Opcode::Nop);

  static std::string active(std::int32_t offset, const std::vector<std::uint32_t>& functions) {
    std::vector<std::string> items;
    for (std::uint32_t function : functions) items.push_back(u32(function));
    return byte(0) + i32_const(offset) + op(Opcode::End) + vector(items);
  }
};

std::optional<FixedTable> table_of(const Sections& sections) {
  std::string bytes = header() + section(1, vector({function_type({})}));
  auto add = [&](unsigned id, const std::string& content) {
    if (!content.empty()) bytes += section(id, content);
  };
  add(2, sections.imports);
  add(3, vector({u32(0), u32(0)}));
  add(4, sections.tables);
  add(7, sections.exports);
  add(9, sections.elements);
  add(10, vector({body({}, sections.code), body({}, "")}));
  const Module module = decode(as_bytes(bytes));
  validate(module);
  return fixed_table(module);
}

TEST(FixedTableTest, HoldsWhatSegmentsPutThereTheLastOneCounts) {
  EXPECT_EQ(table_of({}), (FixedTable{kNoFunction, 0, 1, kNoFunction}));
  EXPECT_EQ(
      table_of({.elements = u32(2) + Sections::active(0, {0, 0, 0}) + Sections::active(2, {1})}),
      (FixedTable{0, 0, 1, kNoFunction}));
  EXPECT_EQ(table_of({.elements = {}}), FixedTable(4, kNoFunction));
}

TEST(FixedTableTest, IsNoneThatAnotherModuleSees) {
  EXPECT_FALSE(table_of({.exports = u32(1) + sized("table") + byte(1) + u32(0)}));
  EXPECT_FALSE(table_of(
      {.imports = u32(1) + sized("env") + sized("table") + byte(1) + byte(0x70) + byte(0) + u32(4),
       .tables = {}}));
  EXPECT_FALSE(
      table_of({.tables = u32(2) + byte(0x70) + byte(0) + u32(4) + byte(0x70) + byte(0) + u32(4)}));
}

TEST(FixedTableTest, IsNoneThatAnInstructionWrites) {
  const std::string null = op(Opcode::RefNull) + byte(0x70);
  const std::string three = i32_const(0) + i32_const(0) + i32_const(0);
  EXPECT_FALSE(table_of({.code = i32_const(0) + null + op(Opcode::TableSet, 0)}));
  EXPECT_FALSE(
      table_of({.code = null + i32_const(0) + op(Opcode::TableGrow, 0) + op(Opcode::Drop)}));
  EXPECT_FALSE(table_of({.code = i32_const(0) + null + i32_const(0) + op(Opcode::TableFill, 0)}));
  EXPECT_FALSE(table_of({.code = three + op(Opcode::TableCopy, 0, 0)}));
  EXPECT_FALSE(table_of({.code = three + op(Opcode::TableInit, 0, 0)}));
  // Unreached, too: nobody has to find out.
  EXPECT_FALSE(table_of({.code = op(Opcode::Return) + three + op(Opcode::TableInit, 0, 0)}));
  EXPECT_TRUE(table_of({.code = i32_const(0) + op(Opcode::TableGet, 0) + op(Opcode::Drop)}));
}

TEST(FixedTableTest, IsNoneThatIsNotKnownBeforehand) {
  const std::string imported = u32(1) + sized("env") + sized("at") + byte(3) + byte(0x7f) + byte(0);
  EXPECT_FALSE(table_of({.imports = imported,
                         .elements = u32(1) + byte(0) + op(Opcode::GlobalGet, 0) + op(Opcode::End) +
                                     vector({u32(0)})}));
  // Its instance never comes to be; nothing is to be read off it.
  EXPECT_FALSE(table_of({.elements = u32(1) + Sections::active(3, {0, 1})}));
  EXPECT_FALSE(table_of({.elements = u32(1) + Sections::active(-1, {0})}));
  EXPECT_FALSE(table_of({.tables = u32(1) + byte(0x70) + byte(0) + u32(0), .elements = {}}));
}

}  // namespace
}  // namespace wherry::wasm::compiler
