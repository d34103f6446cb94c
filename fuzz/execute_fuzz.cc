// Generated modules, which must be valid, through the engine: every export ends, with results of its
// types or a trap, and does the same when all is done again in another store.
#include <fmt/core.h>

#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "generate_module.h"
#include "wasm/engine/engine.h"
#include "wasm/format/decode.h"
#include "wasm/format/validate.h"

namespace {

using namespace wherry;
using namespace wherry::wasm;

[[noreturn]] void wrong(std::string_view what) {
  fmt::print(stderr, "{}\n", what);
  std::abort();
}

std::size_t size_of(ValType type) {
  switch (type) {
    case ValType::I32:
    case ValType::F32:
      return 4;
    case ValType::V128:
      return 16;
    default:
      return 8;
  }
}

// What a call came to, in a form that two stores can be compared by: references only by being null.
std::string record(const FuncType& type, const CallResult& result) {
  if (const Trap* trap = std::get_if<Trap>(&result)) return std::string(to_string(trap->kind));
  const Values& values = std::get<Values>(result);
  if (values.size() != type.results.size()) wrong("another number of results than the type has");
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].type != type.results[i]) wrong("a result of another type");
    if (is_reference(values[i].type)) {
      text += values[i].is_null() ? 'n' : 'r';
    } else {
      text.append(reinterpret_cast<const char*>(values[i].bits.data()), size_of(values[i].type));
    }
  }
  return text;
}

std::vector<std::string> run(const Module& module) {
  Store store({.stack_bytes = 1u << 20});
  Store::Instantiated made =
      store.instantiate(module, [](const Import&) -> std::optional<Extern> { return {}; });
  if (made.trap) wrong("a generated module traps as it is instantiated");
  auto* refuel = std::get<Function*>(*find_export(*made.instance, "refuel"));
  std::vector<std::string> records;
  for (const Export& entry : module.exports) {
    if (entry.kind != ExternKind::Function) continue;
    if (std::holds_alternative<Trap>(store.call(refuel, {}))) wrong("refuel traps");
    auto* function = std::get<Function*>(*find_export(*made.instance, entry.name));
    const FuncType& type = type_of(*function);
    Values arguments;
    for (ValType param : type.params) {
      arguments.push_back(is_reference(param) ? Value::null(param)
                                              : Value::of(param, std::uint32_t{0x3f800000}));
    }
    records.push_back(record(type, store.call(function, arguments)));
  }
  return records;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes = fuzz::generate_module({data, size});
  Module module = decode(as_bytes(bytes));
  validate(module);
  if (run(module) != run(module)) wrong("the same module does something else the second time");
  return 0;
}
