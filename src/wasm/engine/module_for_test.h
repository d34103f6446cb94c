// Small modules put together in tests of the engine, and instances of them.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "wasm/engine/engine.h"
#include "wasm/format/decode.h"
#include "wasm/format/module_writer.h"
#include "wasm/format/validate.h"

namespace wherry::wasm {

inline constexpr ValType kI32 = ValType::I32;
inline constexpr ValType kI64 = ValType::I64;

// Functions are named in the name section and exported; imported ones come first.
struct ModuleForTest {
  struct Import {
    std::string name;  // of the module "env"
    std::string kind_and_type;
  };
  struct Body {
    std::string name;
    FuncType type;
    std::string code;                      // without the final `end`
    std::vector<std::string> locals = {};  // groups
  };

  std::vector<Import> imports = {};
  std::vector<FuncType> imported_functions = {};  // "host0" and on of the module "env"
  std::vector<Body> functions = {};
  int memory_pages = -1;                  // none where negative; exported as "memory"
  std::string memory_bytes = {};          // at address 0
  std::vector<std::uint32_t> table = {};  // functions from element 0; two more elements are null
  std::optional<std::uint32_t> start = {};

  std::string bytes() const {
    using namespace writer;
    std::vector<std::string> types, foreign, declared, exports, bodies, names, elements;
    for (const FuncType& type : imported_functions) {
      foreign.push_back(sized("env") + sized("host" + std::to_string(types.size())) + byte(0) +
                        u32(static_cast<std::uint32_t>(types.size())));
      types.push_back(function_type(type));
    }
    for (const Import& import : imports) {
      foreign.push_back(sized("env") + sized(import.name) + import.kind_and_type);
    }
    for (const Body& function : functions) {
      const auto index = static_cast<std::uint32_t>(types.size());
      declared.push_back(u32(index));
      exports.push_back(sized(function.name) + byte(0) + u32(index));
      names.push_back(u32(index) + sized(function.name));
      bodies.push_back(body(function.locals, function.code));
      types.push_back(function_type(function.type));
    }
    for (std::uint32_t function : table) elements.push_back(u32(function));
    if (memory_pages >= 0) exports.push_back(sized("memory") + byte(2) + u32(0));
    std::string text = header() + section(1, vector(types)) + section(2, vector(foreign)) +
                       section(3, vector(declared));
    if (!table.empty()) {
      const auto size = static_cast<std::uint32_t>(table.size() + 2);
      text += section(4, u32(1) + byte(0x70) + byte(0) + u32(size));
    }
    if (memory_pages >= 0) {
      text += section(5, u32(1) + byte(0) + u32(static_cast<std::uint32_t>(memory_pages)));
    }
    text += section(7, vector(exports));
    if (start) text += section(8, u32(*start));
    if (!table.empty()) {
      text += section(9, u32(1) + byte(0) + i32_const(0) + op(Opcode::End) + vector(elements));
    }
    text += section(10, vector(bodies));
    if (!memory_bytes.empty()) {
      text += section(11, u32(1) + byte(0) + i32_const(0) + op(Opcode::End) + sized(memory_bytes));
    }
    return text + section(0, sized("name") + section(1, vector(names)));
  }
};

// How a module's native code is had, where the tests run with everything compiled (tests/compiled).
inline std::shared_ptr<const Artifact> (*code_for_test)(const Module& module) = nullptr;

// One in a store: modules live as long as it does.
class EngineTest : public ::testing::Test {
 public:
  explicit EngineTest(const EngineOptions& options = {}) : store_(options) {}

  using Provided = std::map<std::string, Extern, std::less<>>;

  Instance* instantiate(const ModuleForTest& built, const Provided& provided = {}) {
    Store::Instantiated made = try_instantiate(built, provided);
    EXPECT_FALSE(made.trap.has_value());
    return made.instance;
  }

  Store::Instantiated try_instantiate(const ModuleForTest& built, const Provided& provided = {}) {
    const std::string& bytes = bytes_.emplace_back(built.bytes());
    const Module& module = modules_.emplace_back(decode(as_bytes(bytes)));
    validate(module);
    auto resolve = [&](const Import& import) -> std::optional<Extern> {
      const auto found = provided.find(import.name);
      if (found == provided.end()) return std::nullopt;
      return found->second;
    };
    return store_.instantiate(module, resolve, code_for_test ? code_for_test(module) : nullptr);
  }

  static Function* function(Instance* instance, std::string_view name) {
    return std::get<Function*>(*find_export(*instance, name));
  }
  static Memory* memory(Instance* instance) {
    return std::get<Memory*>(*find_export(*instance, "memory"));
  }

  CallResult call(Instance* instance, std::string_view name, const Values& arguments = {}) {
    return store_.call(function(instance, name), arguments);
  }
  Values values(Instance* instance, std::string_view name, const Values& arguments = {}) {
    CallResult result = call(instance, name, arguments);
    if (const Trap* trap = std::get_if<Trap>(&result)) {
      ADD_FAILURE() << name << ": " << to_string(*trap);
      return {};
    }
    return std::get<Values>(result);
  }
  std::uint32_t number(Instance* instance, std::string_view name, const Values& arguments = {}) {
    const Values results = values(instance, name, arguments);
    EXPECT_EQ(results.size(), 1u);
    return results.empty() ? 0 : results[0].as<std::uint32_t>();
  }
  Trap trap(Instance* instance, std::string_view name, const Values& arguments = {}) {
    CallResult result = call(instance, name, arguments);
    if (const Trap* trap = std::get_if<Trap>(&result)) return *trap;
    ADD_FAILURE() << name << " does not trap";
    return {};
  }

  std::deque<std::string> bytes_;
  std::deque<Module> modules_;
  Store store_;
};

}  // namespace wherry::wasm
