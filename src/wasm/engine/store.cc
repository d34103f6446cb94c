#include "wasm/engine/store.h"

#include <sys/mman.h>

#include <algorithm>

#include "base/error.h"
#include "wasm/engine/compiled.h"
#include "wasm/engine/execute.h"
#include "wasm/engine/osr.h"

namespace wherry::wasm {

const Slot* CodeArena::keep(std::span<const Slot> words) {
  if (blocks_.empty() || words.size() > capacity_ - used_) {
    capacity_ = std::max(kBlockWords, words.size());
    blocks_.push_back(std::make_unique_for_overwrite<Slot[]>(capacity_));
    used_ = 0;
  }
  Slot* at = blocks_.back().get() + used_;
  std::copy(words.begin(), words.end(), at);
  used_ += words.size();
  return at;
}

std::uint32_t Store::Impl::type_id(const FuncType& type) {
  auto [found, added] =
      type_ids.try_emplace({type.params, type.results}, static_cast<std::uint32_t>(types.size()));
  if (added) types.push_back(type);
  return found->second;
}

Store::Impl::Impl() = default;
Store::Impl::~Impl() = default;

Store::Store(const EngineOptions& options) : impl_(std::make_unique<Impl>()) {
  impl_->options = options;
  impl_->hostless.store = impl_.get();
  void* stack = ::mmap(nullptr, options.stack_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) fail_errno(errno, "map a guest stack of {} bytes", options.stack_bytes);
  impl_->stack = static_cast<std::uint8_t*>(stack);
  impl_->context.store = impl_.get();
  impl_->context.stack_begin = static_cast<Slot*>(stack);
  impl_->context.stack_end = impl_->context.stack_begin + options.stack_bytes / sizeof(Slot);
}

Store::~Store() {
  ::munmap(impl_->stack, impl_->options.stack_bytes);
  unmap_native_stack(*impl_);
}

void Store::publish(Instance& instance, std::shared_ptr<const Artifact> artifact) {
  wasm::publish(*impl_, instance, std::move(artifact));
}

Function* Store::host_function(const FuncType& type, HostFunction function, void* context) {
  Function& made = impl_->functions.emplace_back();
  made.code = kCallHostCode;
  made.type_id = impl_->type_id(type);
  made.type = &impl_->types[made.type_id];
  made.argument_slots =
      static_cast<std::uint16_t>(std::max(slots_of(type.params), slots_of(type.results)));
  made.host = function;
  made.host_context = context;
  enter_by_thunk(*impl_, made);
  return &made;
}

Table* Store::new_table(const TableType& type, const Value& init) {
  Table& table = impl_->tables.emplace_back();
  table.type = type;
  if (type.limits.min > kMaxTableElements) {
    fail(ErrorKind::ResourceExhausted, "table of {} elements is above the limit of {}",
         type.limits.min, kMaxTableElements);
  }
  table.elements.assign(type.limits.min, init.as<Slot>());
  table.update_view();
  return &table;
}

Memory* Store::new_memory(const MemoryType& type) {
  return &impl_->memories.emplace_back(type, impl_->options.max_memory_pages,
                                       impl_->options.memory_pages_now);
}

Global* Store::new_global(const GlobalType& type, const Value& init) {
  Global& global = impl_->globals.emplace_back();
  global.type = type;
  std::memcpy(global.cell, init.bits.data(), sizeof global.own_cell);
  return &global;
}

const FuncType& type_of(const Function& function) { return *function.type; }
GlobalType type_of(const Global& global) { return global.type; }

TableType type_of(const Table& table) {
  TableType type = table.type;
  type.limits.min = table.size();
  return type;
}

MemoryType type_of(const Memory& memory) {
  MemoryType type = memory.declared_type();
  type.limits.min = memory.pages();
  return type;
}

Value get(const Global& global) {
  Value value{.type = global.type.type};
  std::memcpy(value.bits.data(), global.cell, sizeof global.own_cell);
  return value;
}

std::optional<Extern> find_export(const Instance& instance, std::string_view name) {
  for (const Export& exported : instance.module->exports) {
    if (exported.name != name) continue;
    switch (exported.kind) {
      case ExternKind::Function:
        return instance.functions[exported.index];
      case ExternKind::Table:
        return instance.tables[exported.index];
      case ExternKind::Memory:
        return instance.memories[exported.index];
      case ExternKind::Global:
        return instance.globals[exported.index];
    }
  }
  return std::nullopt;
}

const Module& module_of(const Instance& instance) { return *instance.module; }

GuestMemory HostCall::memory() const {
  if (caller.memories.empty()) return GuestMemory(nullptr, 0);
  return GuestMemory(caller.memories[0]->base(), caller.memories[0]->size());
}

}  // namespace wherry::wasm
