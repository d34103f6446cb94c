// Where an instance's parts stand behind its InstanceHeader: a function of the module alone, so that
// compiler and engine come to the same numbers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "wasm/abi/abi.h"
#include "wasm/format/module.h"

namespace wherry::wasm::abi {

// How many slots a value of the type takes, or all of them.
constexpr std::uint32_t slots_of(ValType type) { return type == ValType::V128 ? 2 : 1; }
std::uint32_t slots_of(std::span<const ValType> types);

// All offsets in bytes from the InstanceHeader. Requires: the module outlives the layout.
class InstanceLayout {
 public:
  explicit InstanceLayout(const Module& module);

  std::size_t bytes() const { return bytes_; }  // a multiple of 16
  std::size_t table(std::uint32_t index) const { return tables_ + index * sizeof(TableView*); }
  std::size_t type_id(std::uint32_t type) const { return type_ids_ + type * sizeof(std::uint32_t); }
  // Of all types that are equal, the first.
  std::uint32_t first_equal(std::uint32_t type) const { return first_equal_[type]; }
  std::size_t own_type(std::uint32_t type) const { return type_id(first_equal_[type]); }
  // A byte: whether code of the function that was quickly made is to ask, at loops' heads, for better code.
  // defined: without the imports.
  std::size_t moves(std::uint32_t defined) const { return moves_ + defined; }
  // An imported global: the pointer to its cell. One of the module's own: the cell, 16 bytes.
  std::size_t global(std::uint32_t index) const {
    return index < imported_globals_ ? global_pointers_ + index * sizeof(Slot*)
                                     : global_cells_ + (index - imported_globals_) * 16;
  }

 private:
  std::uint32_t imported_globals_;
  std::size_t tables_;
  std::size_t global_pointers_;
  std::size_t global_cells_;
  std::size_t type_ids_;
  std::size_t moves_;
  std::size_t bytes_;
  std::vector<std::uint32_t> first_equal_;  // by type
};

}  // namespace wherry::wasm::abi
