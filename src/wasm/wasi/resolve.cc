// The functions of functions.def as imports.
#include <array>
#include <string_view>
#include <type_traits>

#include "base/error.h"
#include "wasm/wasi/functions.h"

namespace wherry::wasi {
namespace {

using wasm::FuncType;
using wasm::HostCall;
using wasm::TrapKind;
using wasm::ValType;

template <typename T>
constexpr ValType wire_type() {
  static_assert(std::is_same_v<T, u32> || std::is_same_v<T, u64>);
  return std::is_same_v<T, u64> ? ValType::I64 : ValType::I32;
}

// What the engine calls for one C++ function: its type, and an entry that takes slots apart.
template <typename Function>
struct Adapter;

template <typename Result, typename... Params>
struct Adapter<Result (*)(State&, Memory, Params...)> {
  static FuncType type() {
    FuncType type{.params = {wire_type<Params>()...}, .results = {}};
    if constexpr (std::is_same_v<Result, Errno>) type.results = {ValType::I32};
    return type;
  }

  template <auto function>
  static TrapKind enter(void* context, HostCall& call) {
    enter_with<function>(*static_cast<State*>(context), call, std::index_sequence_for<Params...>());
    return TrapKind::None;
  }

 private:
  template <auto function, std::size_t... slot>
  static void enter_with(State& state, HostCall& call, std::index_sequence<slot...>) {
    if constexpr (std::is_same_v<Result, Errno>) {
      Errno error = function(state, call.memory(), static_cast<Params>(call.slots[slot])...);
      call.return_i32(static_cast<u32>(error));
    } else {
      function(state, call.memory(), static_cast<Params>(call.slots[slot])...);
    }
  }
};

struct Row {
  std::string_view name;
  FuncType (*type)();
  wasm::HostFunction enter;
};

template <auto function>
constexpr Row row(std::string_view name) {
  using Type = Adapter<decltype(function)>;
  return {name, Type::type, Type::template enter<function>};
}

constexpr Row kPreview1[] = {
#define WASI_FUNCTION(name) row<&wasi::name>(#name),
#define WASI_CHANGED(name) row<&wasi::name>(#name),
#define WASI_NEW(name) row<&wasi::name>(#name),
#include "wasm/wasi/functions.def"
#undef WASI_FUNCTION
#undef WASI_CHANGED
#undef WASI_NEW
};

constexpr Row kUnstable[] = {
#define WASI_FUNCTION(name) row<&wasi::name>(#name),
#define WASI_CHANGED(name) row<&wasi::unstable::name>(#name),
#define WASI_NEW(name)
#include "wasm/wasi/functions.def"
#undef WASI_FUNCTION
#undef WASI_CHANGED
#undef WASI_NEW
};

std::span<const Row> functions_of(std::string_view module) {
  if (module == "wasi_snapshot_preview1") return kPreview1;
  if (module == "wasi_unstable") return kUnstable;
  return {};
}

wasm::Function* find_entry(const wasm::Instance& instance, std::string_view name) {
  auto found = wasm::find_export(instance, name);
  if (!found || !std::holds_alternative<wasm::Function*>(*found)) return nullptr;
  auto* function = std::get<wasm::Function*>(*found);
  const FuncType& type = wasm::type_of(*function);
  return type.params.empty() && type.results.empty() ? function : nullptr;
}

}  // namespace

std::optional<wasm::Extern> Wasi::resolve(wasm::Store& store, const wasm::Import& import) {
  if (import.kind != wasm::ExternKind::Function) return std::nullopt;
  for (const Row& function : functions_of(import.module)) {
    if (function.name != import.name) continue;
    return store.host_function(function.type(), function.enter, state_.get());
  }
  return std::nullopt;
}

Outcome run_command(wasm::Store& store, const wasm::Instance& instance) {
  wasm::Function* entry = find_entry(instance, "_start");
  if (!entry) entry = find_entry(instance, "_initialize");
  if (!entry) {
    fail(ErrorKind::FailedPrecondition,
         "the module exports no function '_start' without parameters and results");
  }
  try {
    auto result = store.call(entry, {});
    if (auto* trap = std::get_if<wasm::Trap>(&result)) return std::move(*trap);
    return std::uint32_t{0};
  } catch (const wasm::GuestExit& exit) {
    return exit.code;
  }
}

}  // namespace wherry::wasi
