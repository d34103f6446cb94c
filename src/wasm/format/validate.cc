#include "wasm/format/validate.h"

#include <fmt/core.h>

#include <algorithm>
#include <future>
#include <numeric>

#include "base/error.h"
#include "wasm/format/function_validator.h"
#include "wasm/format/instruction.h"
#include "wasm/format/names.h"

namespace wherry::wasm {

namespace {

// A millisecond's work: several times what a thread costs.
constexpr std::size_t kBytesWorthAThread = 512 * 1024;

// Everything in a module but the bodies (core spec 3.4).
class ModuleValidator {
 public:
  explicit ModuleValidator(const Module& module)
      : module_(module), declared_(module.functions.size()) {}

  DeclaredFunctions run();

 private:
  void functions();
  void tables();
  void memories();
  void globals();
  void exports();
  void start();
  void elements();
  void data();

  void limits(const Limits& limits, std::string_view what, std::size_t index);
  // Requires the expression to be of the expected type.
  void expression(const ConstExpr& expression, ValType expected);
  ValType type_of(const ConstExpr& expression);

  template <typename... Args>
  [[noreturn]] void invalid(fmt::format_string<Args...> format, Args&&... args);

  const Module& module_;
  DeclaredFunctions declared_;
  std::string where_;  // what is being checked, as messages call it
};

DeclaredFunctions ModuleValidator::run() {
  functions();
  tables();
  memories();
  globals();
  exports();
  start();
  elements();
  data();
  return std::move(declared_);
}

template <typename... Args>
void ModuleValidator::invalid(fmt::format_string<Args...> format, Args&&... args) {
  check_bodies_well_formed(module_);
  std::string rule = fmt::format(format, std::forward<Args>(args)...);
  fail(ErrorKind::InvalidArgument, "invalid module: {}: {}", where_, rule);
}

void ModuleValidator::functions() {
  for (std::size_t i = 0; i < module_.functions.size(); ++i) {
    if (module_.functions[i] < module_.types.size()) continue;
    where_ = fmt::format("function {}", i);
    invalid("unknown type {}", module_.functions[i]);
  }
}

void ModuleValidator::limits(const Limits& limits, std::string_view what, std::size_t index) {
  if (!limits.max || limits.min <= *limits.max) return;
  where_ = fmt::format("{} {}", what, index);
  invalid("size minimum must not be greater than maximum: {} and {}", limits.min, *limits.max);
}

void ModuleValidator::tables() {
  for (std::size_t i = 0; i < module_.tables.size(); ++i) {
    limits(module_.tables[i].limits, "table", i);
  }
}

void ModuleValidator::memories() {
  for (std::size_t i = 0; i < module_.memories.size(); ++i) {
    const Limits& pages = module_.memories[i].limits;
    if (std::max(pages.min, pages.max.value_or(0)) > kMaxPages) {
      where_ = fmt::format("memory {}", i);
      invalid("memory size must be at most 65536 pages (4GiB), found {}",
              std::max(pages.min, pages.max.value_or(0)));
    }
    limits(pages, "memory", i);
  }
  if (module_.memories.size() <= 1) return;
  where_ = "memory 1";
  invalid("multiple memories");
}

ValType ModuleValidator::type_of(const ConstExpr& expression) {
  switch (expression.kind) {
    case ConstExpr::Kind::Value:
    case ConstExpr::Kind::RefNull:
      return expression.type;
    case ConstExpr::Kind::RefFunc:
      if (expression.index >= module_.functions.size()) {
        invalid("unknown function {}", expression.index);
      }
      declared_[expression.index] = true;
      return ValType::FuncRef;
    case ConstExpr::Kind::GlobalGet:
      if (expression.index >= module_.imported_globals) {
        invalid(
            "unknown global {}{}", expression.index,
            expression.index < module_.globals.size() ? ": only imported ones are constant" : "");
      }
      if (module_.globals[expression.index].is_mutable) {
        invalid("constant expression required: global {} is mutable", expression.index);
      }
      return module_.globals[expression.index].type;
  }
  return expression.type;
}

void ModuleValidator::expression(const ConstExpr& expression, ValType expected) {
  ValType found = type_of(expression);
  if (found == expected) return;
  invalid("type mismatch: expected {}, found {}", to_string(expected), to_string(found));
}

void ModuleValidator::globals() {
  for (std::size_t i = 0; i < module_.global_inits.size(); ++i) {
    std::size_t index = module_.imported_globals + i;
    where_ = fmt::format("global {}", index);
    expression(module_.global_inits[i], module_.globals[index].type);
  }
}

void ModuleValidator::exports() {
  const std::vector<Export>& exports = module_.exports;
  for (std::size_t i = 0; i < exports.size(); ++i) {
    std::size_t count = 0;
    switch (exports[i].kind) {
      case ExternKind::Function:
        count = module_.functions.size();
        break;
      case ExternKind::Table:
        count = module_.tables.size();
        break;
      case ExternKind::Memory:
        count = module_.memories.size();
        break;
      case ExternKind::Global:
        count = module_.globals.size();
        break;
    }
    if (exports[i].index >= count) {
      where_ = fmt::format("export '{}'", printable(exports[i].name));
      invalid("unknown {} {}", to_string(exports[i].kind), exports[i].index);
    }
    if (exports[i].kind == ExternKind::Function) declared_[exports[i].index] = true;
  }
  // Sorted rather than hashed: no choice of names makes it slow.
  std::vector<std::string_view> names(exports.size());
  std::transform(exports.begin(), exports.end(), names.begin(),
                 [](const Export& entry) { return entry.name; });
  std::sort(names.begin(), names.end());
  auto duplicate = std::adjacent_find(names.begin(), names.end());
  if (duplicate == names.end()) return;
  where_ = fmt::format("export '{}'", printable(*duplicate));
  invalid("duplicate export name");
}

void ModuleValidator::start() {
  if (!module_.start) return;
  where_ = "start function";
  if (*module_.start >= module_.functions.size()) invalid("unknown function {}", *module_.start);
  const FuncType& type = module_.type_of(*module_.start);
  if (!type.params.empty() || !type.results.empty()) {
    invalid("type mismatch: function {} takes or gives values", *module_.start);
  }
}

void ModuleValidator::elements() {
  for (std::size_t i = 0; i < module_.elements.size(); ++i) {
    const ElementSegment& segment = module_.elements[i];
    where_ = fmt::format("elem segment {}", i);
    if (segment.mode == SegmentMode::Active) {
      if (segment.table >= module_.tables.size()) invalid("unknown table {}", segment.table);
      ValType element = module_.tables[segment.table].element;
      if (element != segment.type) {
        invalid("type mismatch: expected {}, the elements of table {}, found {}",
                to_string(element), segment.table, to_string(segment.type));
      }
      expression(segment.offset, ValType::I32);
    }
    for (const ConstExpr& item : segment.items) expression(item, segment.type);
  }
}

void ModuleValidator::data() {
  for (std::size_t i = 0; i < module_.data.size(); ++i) {
    const DataSegment& segment = module_.data[i];
    if (segment.mode != SegmentMode::Active) continue;
    where_ = fmt::format("data segment {}", i);
    if (segment.memory >= module_.memories.size()) invalid("unknown memory {}", segment.memory);
    expression(segment.offset, ValType::I32);
  }
}

void check_bodies(const Module& module, const DeclaredFunctions& declared, std::size_t first,
                  std::size_t last) {
  FunctionValidator validator(module, declared);
  for (; first < last; ++first) validator.check(static_cast<std::uint32_t>(first));
}

}  // namespace

void validate(const Module& module, const ValidateOptions& options) {
  const DeclaredFunctions declared = ModuleValidator(module).run();
  if (!options.bodies) return;

  std::size_t bytes =
      std::accumulate(module.code.begin(), module.code.end(), std::size_t{0},
                      [](std::size_t sum, const Code& code) { return sum + code.body.size(); });
  std::size_t parts =
      std::clamp<std::size_t>(bytes / kBytesWorthAThread, 1, std::max(options.threads, 1u));
  // Consecutive functions of about equal size together; the last part is this thread's. The futures
  // are asked in order, so that the error reported is the module's first.
  std::vector<std::future<void>> others;
  std::size_t first = 0;
  std::size_t taken = 0;
  for (std::size_t part = 1; part < parts; ++part) {
    std::size_t last = first;
    while (last < module.code.size() && taken < bytes / parts * part) {
      taken += module.code[last++].body.size();
    }
    // Where there may be no more threads (a container's pids limit), this one does it when it is asked.
    others.push_back(std::async(std::launch::async | std::launch::deferred, check_bodies,
                                std::cref(module), std::cref(declared), first, last));
    first = last;
  }
  auto rest = std::async(std::launch::deferred, check_bodies, std::cref(module),
                         std::cref(declared), first, module.code.size());
  rest.wait();
  for (std::future<void>& other : others) other.get();
  rest.get();
}

}  // namespace wherry::wasm
