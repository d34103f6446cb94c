#include "spec/run_script.h"

#include <fmt/core.h>

#include <functional>
#include <map>
#include <memory>

#include "base/error.h"
#include "spec/literal.h"
#include "spec/spectest.h"
#include "wasm/engine/engine.h"
#include "wasm/format/decode.h"
#include "wasm/format/validate.h"

namespace wherry::spec {

namespace {

using namespace wasm;

// Thrown by a command that did not do what the script says.
struct Failure {
  std::string detail;
};
// Thrown by a command about the text format.
struct TextFormat {};

template <typename... Args>
[[noreturn]] void expected(fmt::format_string<Args...> format, Args&&... args) {
  throw Failure{fmt::format(format, std::forward<Args>(args)...)};
}

// A module with the bytes it borrows.
struct Definition {
  std::string bytes;
  Module module;
};

class Script {
 public:
  Outcome run(const Node& command);

 private:
  void dispatch(const Node& command);
  void module(const Node& command);
  void assert_bad_module(const Node& command, std::string_view prefix);
  void assert_unlinkable(const Node& command);
  void assert_trap(const Node& command);
  void assert_exhaustion(const Node& command);
  void assert_return(const Node& command);
  void register_(const Node& command);

  const Module& define(const Node& module);
  Store::Instantiated instantiate(const Module& module);
  // What (module ...) or (module instance ...) instantiates.
  const Module& wanted_module(const Node& command);
  CallResult act(const Node& action);
  Values act_without_trap(const Node& action);
  Instance& instance(const Node& command, std::size_t& at);

  Store store_{engine_options()};
  Spectest spectest_{store_};
  std::vector<std::unique_ptr<Definition>> definitions_;  // live as long as the store
  std::map<std::string, const Module*> modules_;          // by name; "" is the latest
  std::map<std::string, Instance*> instances_;            // likewise
  std::map<std::string, Instance*, std::less<>> registered_;
};

// A node's item, which must be of a kind.
const Node& item(const Node& node, std::size_t at, Node::Kind kind) {
  if (at < node.items.size() && node.items[at].kind == kind) return node.items[at];
  fail(ErrorKind::InvalidArgument, "cannot read the command {}", describe(node).substr(0, 60));
}

// The bytes of (module [definition] [$name] binary "..." "..."), and its name.
std::string module_bytes(const Node& module, std::string& name) {
  std::size_t at = 1;
  auto next_is = [&](std::string_view word) {
    return at < module.items.size() && module.items[at].is_atom(word);
  };
  if (next_is("definition")) ++at;
  if (at < module.items.size() && module.items[at].is_name()) name = module.items[at++].text;
  if (!next_is("binary")) throw TextFormat{};
  std::string bytes;
  for (++at; at < module.items.size(); ++at) bytes += item(module, at, Node::Kind::String).text;
  return bytes;
}

bool is_instance_command(const Node& command) {
  return command.is_list("module") && command.items.size() > 1 &&
         command.items[1].is_atom("instance");
}

std::string describe_result(const CallResult& result) {
  if (const Trap* trap = std::get_if<Trap>(&result)) {
    return fmt::format("trap: {}", to_string(trap->kind));
  }
  std::string text;
  for (const Value& value : std::get<Values>(result)) {
    text += (text.empty() ? "" : ", ") + describe(value);
  }
  return text.empty() ? "no results" : text;
}

Outcome Script::run(const Node& command) {
  Outcome outcome{.line = command.line};
  if (!command.items.empty()) outcome.command = command.items[0].text;
  try {
    dispatch(command);
  } catch (const TextFormat&) {
    outcome.verdict = Outcome::Verdict::NotApplicable;
    outcome.detail = "about the text format";
  } catch (const Failure& failure) {
    outcome.verdict = Outcome::Verdict::Failed;
    outcome.detail = failure.detail;
  } catch (const Error& error) {
    outcome.verdict = Outcome::Verdict::Failed;
    outcome.detail = error.what();
  }
  return outcome;
}

void Script::dispatch(const Node& command) {
  if (command.is_list("module")) return module(command);
  if (command.is_list("register")) return register_(command);
  if (command.is_list("assert_return")) return assert_return(command);
  if (command.is_list("assert_trap")) return assert_trap(command);
  if (command.is_list("assert_exhaustion")) return assert_exhaustion(command);
  if (command.is_list("assert_malformed")) return assert_bad_module(command, "malformed module");
  if (command.is_list("assert_invalid")) return assert_bad_module(command, "invalid module");
  if (command.is_list("assert_unlinkable")) return assert_unlinkable(command);
  if (command.is_list("invoke") || command.is_list("get")) {
    act_without_trap(command);
    return;
  }
  expected("a command of WebAssembly 2.0, found '{}'", describe(command).substr(0, 60));
}

const Module& Script::define(const Node& module) {
  std::string name;
  auto definition = std::make_unique<Definition>();
  // A module that cannot be had must not leave an older one under its name, or "the latest".
  definition->bytes = module_bytes(module, name);
  modules_.erase("");
  modules_.erase(name);
  definition->module = decode(as_bytes(definition->bytes));
  validate(definition->module);
  definitions_.push_back(std::move(definition));
  const Module& result = definitions_.back()->module;
  modules_[""] = &result;
  if (!name.empty()) modules_[name] = &result;
  return result;
}

Store::Instantiated Script::instantiate(const Module& module) {
  auto resolve = [&](const Import& import) -> std::optional<Extern> {
    if (import.module == "spectest") return spectest_.find(import.name);
    auto found = registered_.find(import.module);
    if (found == registered_.end()) return std::nullopt;
    return find_export(*found->second, import.name);
  };
  return store_.instantiate(module, resolve, code_of(module));
}

const Module& Script::wanted_module(const Node& command) {
  if (!is_instance_command(command)) return define(command);
  // (module instance $instance $module), each name optional, the instance's first.
  std::string name = command.items.size() > 3 ? command.items[3].text : "";
  auto found = modules_.find(name);
  if (found == modules_.end()) expected("a module named '{}', there is none", name);
  return *found->second;
}

void Script::module(const Node& command) {
  if (command.items.size() > 1 && command.items[1].is_atom("definition")) {
    define(command);
    return;
  }
  std::size_t name_at = is_instance_command(command) ? 2 : 1;
  std::string name;
  if (name_at < command.items.size() && command.items[name_at].is_name()) {
    name = command.items[name_at].text;
  }
  instances_.erase("");
  instances_.erase(name);
  Store::Instantiated made = instantiate(wanted_module(command));
  if (made.trap) expected("an instance, found trap: {}", to_string(made.trap->kind));
  instances_[""] = made.instance;
  if (!name.empty()) instances_[name] = made.instance;
}

void Script::assert_bad_module(const Node& command, std::string_view prefix) {
  std::string name;
  std::string bytes = module_bytes(item(command, 1, Node::Kind::List), name);
  const std::string& rule = item(command, 2, Node::Kind::String).text;
  try {
    validate(decode(as_bytes(bytes)));
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with(prefix)) return;
    expected("{}: {}, found {}", prefix, rule, error.what());
  }
  expected("{}: {}, found none", prefix, rule);
}

void Script::assert_unlinkable(const Node& command) {
  const Module& wanted = wanted_module(item(command, 1, Node::Kind::List));
  const std::string& rule = item(command, 2, Node::Kind::String).text;
  try {
    instantiate(wanted);
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with(rule)) return;
    expected("{}, found {}", rule, error.what());
  }
  expected("{}, found an instance", rule);
}

Instance& Script::instance(const Node& command, std::size_t& at) {
  std::string name;
  if (at < command.items.size() && command.items[at].is_name()) name = command.items[at++].text;
  auto found = instances_.find(name);
  if (found == instances_.end()) expected("an instance named '{}', there is none", name);
  return *found->second;
}

CallResult Script::act(const Node& action) {
  std::size_t at = 1;
  Instance& from = instance(action, at);
  const std::string& name = item(action, at++, Node::Kind::String).text;
  std::optional<Extern> found = find_export(from, name);
  if (action.is_list("get")) {
    if (!found || !std::holds_alternative<Global*>(*found)) expected("a global '{}'", name);
    return Values{get(*std::get<Global*>(*found))};
  }
  if (!found || !std::holds_alternative<Function*>(*found)) expected("a function '{}'", name);
  Values arguments;
  for (; at < action.items.size(); ++at) arguments.push_back(parse_value(action.items[at]));
  return store_.call(std::get<Function*>(*found), arguments);
}

Values Script::act_without_trap(const Node& action) {
  CallResult result = act(action);
  if (std::holds_alternative<Trap>(result)) expected("results, found {}", describe_result(result));
  return std::get<Values>(std::move(result));
}

void Script::assert_return(const Node& command) {
  Values values = act_without_trap(item(command, 1, Node::Kind::List));
  std::size_t count = command.items.size() - 2;
  if (values.size() != count) {
    expected("{} results, found {}", count, describe_result(values));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Node& wanted = command.items[i + 2];
    if (matches(wanted, values[i])) continue;
    expected("{}, found {}", describe(wanted), describe(values[i]));
  }
}

void Script::assert_trap(const Node& command) {
  const Node& action = item(command, 1, Node::Kind::List);
  const std::string& rule = item(command, 2, Node::Kind::String).text;
  std::optional<Trap> trap;
  std::string instead = "an instance";
  if (action.is_list("module")) {
    trap = instantiate(wanted_module(action)).trap;
  } else {
    CallResult result = act(action);
    if (std::holds_alternative<Trap>(result)) {
      trap = std::get<Trap>(result);
    } else {
      instead = describe_result(result);
    }
  }
  if (!trap) expected("trap: {}, found {}", rule, instead);
  // Some scripts say more than the kind: "uninitialized element 2".
  if (!rule.starts_with(to_string(trap->kind))) {
    expected("trap: {}, found trap: {}", rule, to_string(trap->kind));
  }
}

void Script::assert_exhaustion(const Node& command) {
  CallResult result = act(item(command, 1, Node::Kind::List));
  const Trap* trap = std::get_if<Trap>(&result);
  if (trap == nullptr || trap->kind != TrapKind::StackExhausted) {
    expected("trap: {}, found {}", to_string(TrapKind::StackExhausted), describe_result(result));
  }
}

void Script::register_(const Node& command) {
  const std::string& name = item(command, 1, Node::Kind::String).text;
  registered_.erase(name);
  std::size_t at = 2;
  registered_[name] = &instance(command, at);
}

}  // namespace

std::vector<Outcome> run_script(const std::vector<Node>& commands) {
  auto script = std::make_unique<Script>();
  std::vector<Outcome> outcomes;
  outcomes.reserve(commands.size());
  for (const Node& command : commands) outcomes.push_back(script->run(command));
  return outcomes;
}

}  // namespace wherry::spec
