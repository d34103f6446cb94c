#include "wasm/artifact/shape.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace wherry::wasm {
namespace {

Module module() {
  static const std::uint8_t kBody[] = {0x0b, 0x0b};
  Module made;
  made.types = {{.params = {ValType::I32}, .results = {ValType::I64}}, {}};
  made.functions = {0, 1};
  made.imported_functions = 1;
  made.tables = {{.limits = {.min = 1, .max = {}}}};
  made.memories = {{.limits = {.min = 1, .max = 2}}};
  made.globals = {{.type = ValType::I32, .is_mutable = true}};
  made.elements.resize(1);
  made.data.resize(1);
  made.code = {
      {.offset = 20, .body = ByteSpan(kBody, 1), .locals = {{.count = 1, .type = ValType::I32}}}};
  return made;
}

TEST(ShapeTest, EverythingThatCodeReliesOnCounts) {
  static const std::uint8_t kLonger[] = {0x01, 0x0b};
  const std::function<void(Module&)> changes[] = {
      [](Module& m) { m.types[0].params[0] = ValType::F32; },
      [](Module& m) { m.types[0].results = {}; },
      [](Module& m) { std::swap(m.types[0].params, m.types[0].results); },
      [](Module& m) { m.types.emplace_back(); },
      [](Module& m) { m.functions[1] = 0; },
      [](Module& m) { m.imported_functions = 0; },
      [](Module& m) { m.tables[0].limits.min = 2; },
      [](Module& m) { m.tables[0].limits.max = 1; },
      [](Module& m) { m.tables[0].element = ValType::ExternRef; },
      [](Module& m) { m.imported_tables = 1; },
      [](Module& m) { m.memories[0].limits.max = {}; },
      [](Module& m) { m.imported_memories = 1; },
      [](Module& m) { m.memories.clear(); },
      [](Module& m) { m.globals[0].is_mutable = false; },
      [](Module& m) { m.globals[0].type = ValType::F32; },
      [](Module& m) { m.imported_globals = 1; },
      [](Module& m) { m.elements.emplace_back(); },
      [](Module& m) { m.elements[0].mode = SegmentMode::Passive; },
      [](Module& m) { m.data.emplace_back(); },
      [](Module& m) { m.code[0].offset = 21; },
      [](Module& m) { m.code[0].body = kLonger; },
      [](Module& m) { m.code[0].locals[0].count = 2; },
      [](Module& m) { m.code[0].locals[0].type = ValType::I64; },
      [](Module& m) { m.code[0].locals.clear(); },
  };
  std::set<Digest> seen = {shape_of(module())};
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    Module changed = module();
    changes[i](changed);
    EXPECT_TRUE(seen.insert(shape_of(changed)).second) << "change " << i;
  }
}

TEST(ShapeTest, BytesOfBodiesAndSegmentsDoNot) {
  static const std::uint8_t kOther[] = {0x00};
  Module changed = module();
  changed.code[0].body = kOther;
  changed.data[0].bytes = kOther;
  EXPECT_EQ(shape_of(changed), shape_of(module()));
}

}  // namespace
}  // namespace wherry::wasm
