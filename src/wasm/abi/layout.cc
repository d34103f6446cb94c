#include "wasm/abi/layout.h"

#include <map>
#include <utility>

namespace wherry::wasm::abi {

std::uint32_t slots_of(std::span<const ValType> types) {
  std::uint32_t slots = 0;
  for (ValType type : types) slots += slots_of(type);
  return slots;
}

InstanceLayout::InstanceLayout(const Module& module) : imported_globals_(module.imported_globals) {
  auto aligned = [](std::size_t at) { return (at + 15) & ~std::size_t{15}; };
  global_cells_ = aligned(sizeof(InstanceHeader));
  tables_ = global_cells_ + (module.globals.size() - imported_globals_) * 16;
  global_pointers_ = tables_ + module.tables.size() * sizeof(TableView*);
  type_ids_ = global_pointers_ + imported_globals_ * sizeof(Slot*);
  std::map<std::pair<std::vector<ValType>, std::vector<ValType>>, std::uint32_t> known;
  for (std::uint32_t i = 0; i < module.types.size(); ++i) {
    const FuncType& type = module.types[i];
    first_equal_.push_back(known.try_emplace({type.params, type.results}, i).first->second);
  }
  moves_ = type_ids_ + module.types.size() * sizeof(std::uint32_t);
  bytes_ = aligned(moves_ + module.code.size());
}

}  // namespace wherry::wasm::abi
