#include "wasm/compiler/fixed_table.h"

#include <algorithm>

#include "base/bytes.h"
#include "wasm/compiler/body_reader.h"

namespace wherry::wasm::compiler {

namespace {

// Elements and types: what is said of them takes room in every artifact.
constexpr std::uint32_t kMost = 60000;

bool writes_tables(const Code& code) {
  BodyReader reader(code.body);
  while (reader.at() < code.body.data() + code.body.size()) {
    const Opcode opcode = reader.opcode();
    switch (opcode) {
      case Opcode::TableSet:
      case Opcode::TableGrow:
      case Opcode::TableFill:
      case Opcode::TableCopy:
      case Opcode::TableInit:
        return true;
      default:
        reader.skip_immediates(info(opcode).immediate);
    }
  }
  return false;
}

}  // namespace

std::optional<FixedTable> fixed_table(const Module& module) {
  // Alone, so that no segment of another table can trap before this one's are in.
  if (module.tables.size() != 1 || module.imported_tables != 0) return std::nullopt;
  const TableType& type = module.tables[0];
  if (type.element != ValType::FuncRef || type.limits.min > kMost || type.limits.min == 0)
    return std::nullopt;
  if (module.types.size() > kMost) return std::nullopt;
  for (const Export& each : module.exports) {
    if (each.kind == ExternKind::Table) return std::nullopt;
  }
  FixedTable elements(type.limits.min, kNoFunction);
  for (const ElementSegment& segment : module.elements) {
    if (segment.mode != SegmentMode::Active) continue;
    if (segment.offset.kind != ConstExpr::Kind::Value) return std::nullopt;
    const auto offset = load_little<std::uint32_t>(segment.offset.bits.data());
    if (offset > elements.size() || segment.items.size() > elements.size() - offset) {
      return std::nullopt;
    }
    for (std::size_t i = 0; i < segment.items.size(); ++i) {
      const ConstExpr& item = segment.items[i];
      if (item.kind == ConstExpr::Kind::GlobalGet) return std::nullopt;
      elements[offset + i] = item.kind == ConstExpr::Kind::RefFunc ? item.index : kNoFunction;
    }
  }
  if (std::ranges::any_of(module.code, writes_tables)) return std::nullopt;
  return elements;
}

}  // namespace wherry::wasm::compiler
