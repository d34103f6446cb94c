// Instantiation (core spec 4.5.4): a module and what it imports become an instance.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "wasm/engine/compiled.h"
#include "wasm/engine/execute.h"
#include "wasm/engine/store.h"

namespace wherry::wasm {
namespace {

std::string join(const std::vector<ValType>& types) {
  std::string text;
  for (ValType type : types) {
    if (!text.empty()) text += ' ';
    text += to_string(type);
  }
  return text;
}

std::string describe(const FuncType& type) {
  return fmt::format("function ({}) -> ({})", join(type.params), join(type.results));
}
std::string describe(const Limits& limits, std::string_view unit) {
  return limits.max ? fmt::format("{} to {} {}", limits.min, *limits.max, unit)
                    : fmt::format("{} {} or more", limits.min, unit);
}
std::string describe(const TableType& type) {
  return fmt::format("table of {}, {}", to_string(type.element), describe(type.limits, "elements"));
}
std::string describe(const MemoryType& type) {
  return fmt::format("memory of {}", describe(type.limits, "pages"));
}
std::string describe(const GlobalType& type) {
  return fmt::format("{} global {}", type.is_mutable ? "mutable" : "constant",
                     to_string(type.type));
}

// Whether what is there serves where `wanted` is asked for (core spec 3.4.5, limits).
bool matches(const Limits& there, const Limits& wanted) {
  return there.min >= wanted.min && (!wanted.max || (there.max && *there.max <= *wanted.max));
}
bool matches(const FuncType& there, const FuncType& wanted) { return there == wanted; }
bool matches(const TableType& there, const TableType& wanted) {
  return there.element == wanted.element && matches(there.limits, wanted.limits);
}
bool matches(const MemoryType& there, const MemoryType& wanted) {
  return matches(there.limits, wanted.limits);
}
bool matches(const GlobalType& there, const GlobalType& wanted) { return there == wanted; }

template <typename Object, typename Type>
Object* link(const Import& import, const std::optional<Extern>& provided, const Type& wanted) {
  if (!provided) {
    fail(ErrorKind::FailedPrecondition, "unknown import: '{}.{}' ({}) is provided by nobody",
         import.module, import.name, describe(wanted));
  }
  return std::visit(
      [&](auto* object) -> Object* {
        const auto there = type_of(*object);
        if constexpr (std::is_same_v<decltype(object), Object*>) {
          if (matches(there, wanted)) return object;
        }
        fail(ErrorKind::FailedPrecondition,
             "incompatible import type: '{}.{}' is wanted as {}, provided as {}", import.module,
             import.name, describe(wanted), describe(there));
      },
      *provided);
}

void link_imports(Instance& instance, const Store::Resolver& resolve) {
  const Module& module = *instance.module;
  for (const Import& import : module.imports) {
    const std::optional<Extern> provided = resolve(import);
    switch (import.kind) {
      case ExternKind::Function:
        instance.functions.push_back(
            link<Function>(import, provided, module.types[std::get<std::uint32_t>(import.type)]));
        break;
      case ExternKind::Table:
        instance.tables.push_back(link<Table>(import, provided, std::get<TableType>(import.type)));
        break;
      case ExternKind::Memory:
        instance.memories.push_back(
            link<Memory>(import, provided, std::get<MemoryType>(import.type)));
        break;
      case ExternKind::Global:
        instance.globals.push_back(
            link<Global>(import, provided, std::get<GlobalType>(import.type)));
        break;
    }
  }
}

Value evaluate(const Instance& instance, const ConstExpr& expression) {
  switch (expression.kind) {
    case ConstExpr::Kind::Value:
      return Value{.type = expression.type, .bits = expression.bits};
    case ConstExpr::Kind::RefNull:
      return Value::null(expression.type);
    case ConstExpr::Kind::RefFunc:
      return Value::of(ValType::FuncRef, instance.functions[expression.index]);
    case ConstExpr::Kind::GlobalGet:
      return get(*instance.globals[expression.index]);
  }
  return {};
}

void make_functions(Store::Impl& store, Instance& instance) {
  const Module& module = *instance.module;
  const std::size_t own = module.functions.size() - module.imported_functions;
  instance.own_functions = std::make_unique<Function[]>(own);
  instance.functions.reserve(module.functions.size());
  for (const FuncType& type : module.types) instance.type_ids.push_back(store.type_id(type));
  for (std::size_t i = 0; i < own; ++i) {
    Function& function = instance.own_functions[i];
    function.index = static_cast<std::uint32_t>(module.imported_functions + i);
    function.type = &module.type_of(function.index);
    function.type_id = instance.type_ids[module.functions[function.index]];
    function.argument_slots = static_cast<std::uint16_t>(
        std::max(slots_of(function.type->params), slots_of(function.type->results)));
    function.instance = &instance;
    function.memory_base = instance.memory_base();
    function.code = kTranslateFirstCode;
    enter_by_thunk(store, function);
    instance.functions.push_back(&function);
  }
}

TrapKind run_segments(Instance& instance) {
  const Module& module = *instance.module;
  for (std::uint32_t i = 0; i < module.elements.size(); ++i) {
    const ElementSegment& segment = module.elements[i];
    if (segment.mode == SegmentMode::Passive) continue;
    if (segment.mode == SegmentMode::Active) {
      const auto at = evaluate(instance, segment.offset).as<std::uint32_t>();
      const auto count = static_cast<std::uint32_t>(segment.items.size());
      if (TrapKind kind = table_init(instance, segment.table, i, at, 0, count);
          kind != TrapKind::None) {
        return kind;
      }
    }
    instance.element_segments[i].clear();
  }
  for (std::uint32_t i = 0; i < module.data.size(); ++i) {
    const DataSegment& segment = module.data[i];
    if (segment.mode != SegmentMode::Active) continue;
    const auto at = evaluate(instance, segment.offset).as<std::uint32_t>();
    const auto count = static_cast<std::uint32_t>(segment.bytes.size());
    if (TrapKind kind = memory_init(instance, i, at, 0, count); kind != TrapKind::None) return kind;
    instance.data_segments[i] = {};
  }
  return TrapKind::None;
}

}  // namespace

Store::Instantiated Store::instantiate(const Module& module, const Resolver& resolve,
                                       std::shared_ptr<const Artifact> artifact) {
  // Linking throws before anything is made; what it links is owned by others.
  Instance linked;
  linked.store = impl_.get();
  linked.module = &module;
  link_imports(linked, resolve);
  Instance& instance = impl_->instances.emplace_back(std::move(linked));

  for (std::size_t i = module.imported_memories; i < module.memories.size(); ++i) {
    instance.memories.push_back(new_memory(module.memories[i]));
  }
  for (std::size_t i = module.imported_tables; i < module.tables.size(); ++i) {
    instance.tables.push_back(new_table(module.tables[i], Value::null(module.tables[i].element)));
  }
  make_functions(*impl_, instance);
  // Functions and imported globals are there: initial values may refer to them.
  for (std::size_t i = 0; i < module.global_inits.size(); ++i) {
    const GlobalType& type = module.globals[module.imported_globals + i];
    instance.globals.push_back(new_global(type, evaluate(instance, module.global_inits[i])));
  }
  make_layout(*impl_, instance);
  if (artifact) wasm::publish(*impl_, instance, std::move(artifact));
  for (const ElementSegment& segment : module.elements) {
    std::vector<Slot>& items = instance.element_segments.emplace_back();
    items.reserve(segment.items.size());
    for (const ConstExpr& item : segment.items)
      items.push_back(evaluate(instance, item).as<Slot>());
  }
  for (const DataSegment& segment : module.data) instance.data_segments.push_back(segment.bytes);

  // Everything exists: from here the instance may be reached by others, even if it traps.
  Instantiated result{.instance = &instance};
  if (TrapKind kind = run_segments(instance); kind != TrapKind::None) {
    result.trap = Trap{.kind = kind};
    return result;
  }
  if (module.start) {
    CallResult started = call(instance.functions[*module.start], {});
    if (Trap* trap = std::get_if<Trap>(&started)) result.trap = std::move(*trap);
  }
  return result;
}

}  // namespace wherry::wasm
