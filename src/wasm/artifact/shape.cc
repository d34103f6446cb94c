#include "wasm/artifact/shape.h"

#include <vector>

namespace wherry::wasm {

namespace {

// Digested in pieces: a large module has megabytes of them.
class Fields {
 public:
  void add(std::uint64_t value) {
    if (used_ + sizeof value > sizeof bytes_) flush();
    store_little(bytes_ + used_, value);
    used_ += sizeof value;
  }
  void add(const std::vector<ValType>& types) {
    add(types.size());
    for (ValType type : types) add(static_cast<std::uint64_t>(type));
  }
  void add(const Limits& limits) {
    add(limits.min);
    add(limits.max ? std::uint64_t{*limits.max} : ~std::uint64_t{0});
  }
  Digest finish() {
    flush();
    return hash_.finish();
  }

 private:
  void flush() {
    hash_.update({bytes_, used_});
    used_ = 0;
  }

  Sha256 hash_;
  std::size_t used_ = 0;
  std::uint8_t bytes_[4096];
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
  return fields.finish();
}

}  // namespace wherry::wasm
