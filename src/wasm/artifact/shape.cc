#include "wasm/artifact/shape.h"

#include <vector>

namespace wherry::wasm {

namespace {

class Fields {
 public:
  void add(std::uint64_t value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    store_little(bytes_.data() + at, value);
  }
  void add(const std::vector<ValType>& types) {
    add(types.size());
    for (ValType type : types) bytes_.push_back(static_cast<std::uint8_t>(type));
  }
  void add(const Limits& limits) {
    add(limits.min);
    add(limits.max ? std::uint64_t{*limits.max} : ~std::uint64_t{0});
  }
  Digest digest() const { return digest_of(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace

Digest shape_of(const Module& module) {
  Fields fields;
  fields.add(module.types.size());
  for (const FuncType& type : module.types) {
    fields.add(type.params);
    fields.add(type.results);
  }
  for (std::uint64_t imported : {module.imported_functions, module.imported_tables,
                                 module.imported_memories, module.imported_globals}) {
    fields.add(imported);
  }
  fields.add(module.functions.size());
  for (std::uint32_t type : module.functions) fields.add(type);
  fields.add(module.tables.size());
  for (const TableType& table : module.tables) {
    fields.add(static_cast<std::uint64_t>(table.element));
    fields.add(table.limits);
  }
  fields.add(module.memories.size());
  for (const MemoryType& memory : module.memories) fields.add(memory.limits);
  fields.add(module.globals.size());
  for (const GlobalType& global : module.globals) {
    fields.add(static_cast<std::uint64_t>(global.type) << 1 | (global.is_mutable ? 1u : 0u));
  }
  fields.add(module.elements.size());
  for (const ElementSegment& segment : module.elements) {
    fields.add(static_cast<std::uint64_t>(segment.type) << 8 |
               static_cast<std::uint64_t>(segment.mode));
  }
  fields.add(module.data.size());
  fields.add(module.code.size());
  for (const Code& code : module.code) {
    fields.add(std::uint64_t{code.offset} << 32 | code.body.size());
    fields.add(code.locals.size());
    for (const LocalGroup& group : code.locals) {
      fields.add(std::uint64_t{group.count} << 8 | static_cast<std::uint64_t>(group.type));
    }
  }
  return fields.digest();
}

}  // namespace wherry::wasm
