#include "spec/spectest.h"

namespace wherry::spec {

using namespace wasm;

Spectest::Spectest(Store& store) {
  HostFunction nothing = [](void*, HostCall&) { return TrapKind::None; };
  auto function = [&](std::string name, std::vector<ValType> params) {
    externs_[std::move(name)] = store.host_function({std::move(params), {}}, nothing, nullptr);
  };
  function("print", {});
  function("print_i32", {ValType::I32});
  function("print_i64", {ValType::I64});
  function("print_f32", {ValType::F32});
  function("print_f64", {ValType::F64});
  function("print_i32_f32", {ValType::I32, ValType::F32});
  function("print_f64_f64", {ValType::F64, ValType::F64});

  auto global = [&](std::string name, const Value& value) {
    externs_[std::move(name)] = store.new_global({.type = value.type}, value);
  };
  global("global_i32", Value::i32(666));
  global("global_i64", Value::i64(666));
  global("global_f32", Value::f32(666.6f));
  global("global_f64", Value::f64(666.6));

  externs_["table"] =
      store.new_table({.element = ValType::FuncRef, .limits = {.min = 10, .max = 20}},
                      Value::null(ValType::FuncRef));
  externs_["memory"] = store.new_memory({.limits = {.min = 1, .max = 2}});
}

std::optional<Extern> Spectest::find(std::string_view name) const {
  auto found = externs_.find(name);
  if (found == externs_.end()) return std::nullopt;
  return found->second;
}

}  // namespace wherry::spec
