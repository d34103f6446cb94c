#include "wasm/format/decode.h"

#include <fmt/core.h>

#include "base/error.h"
#include "wasm/format/instruction.h"
#include "wasm/format/limits.h"
#include "wasm/format/reader.h"

namespace wherry::wasm {

namespace {

constexpr std::array<std::uint8_t, 4> kMagic = {0x00, 0x61, 0x73, 0x6d};
constexpr std::size_t kHeaderBytes = 8;

enum class Section : std::uint8_t {
  Custom = 0,
  Type = 1,
  Import = 2,
  Function = 3,
  Table = 4,
  Memory = 5,
  Global = 6,
  Export = 7,
  Start = 8,
  Element = 9,
  Code = 10,
  Data = 11,
  DataCount = 12,
};

// The place of a section in the prescribed order, by its number (core spec 5.5.16).
constexpr std::array<std::uint8_t, 13> kRank = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10};

class Decoder {
 public:
  explicit Decoder(ByteSpan bytes) : reader_(bytes, bytes) { module_.bytes = bytes; }

  Module run();

 private:
  void header();
  void section(Section id, Reader& r);
  void custom_section(Reader& r);
  void type_section(Reader& r);
  void import_section(Reader& r);
  void function_section(Reader& r);
  void export_section(Reader& r);
  void element_section(Reader& r);
  void code_section(Reader& r);
  void data_section(Reader& r);

  std::vector<ValType> types(Reader& r, std::uint32_t limit, std::string_view what);
  Limits limits(Reader& r);
  TableType table_type(Reader& r);
  GlobalType global_type(Reader& r);
  ExternKind extern_kind(Reader& r, std::string_view what);
  ElementSegment element(Reader& r);
  Code code(Reader& r);

  ConstExpr expression(Reader& r);
  bool constant(Reader& r, ConstExpr& expression);

  Reader reader_;
  Module module_;
  std::vector<std::uint32_t> defined_;  // types of the functions of the function section
  std::uint64_t type_values_ = 0;
  std::uint64_t segment_elements_ = 0;
  // The first expression that a Module cannot hold since it is not constant: a rule of validation,
  // reported only when everything is known to be well-formed.
  std::optional<std::size_t> not_constant_;
};

void Decoder::header() {
  if (module_.bytes.size() > limits::kModuleBytes) {
    throw_over_limit(0, fmt::format("a module of {} bytes, at most {}", module_.bytes.size(),
                                    limits::kModuleBytes));
  }
  if (!has_wasm_magic(module_.bytes)) throw_malformed(0, "magic header not detected");
  if (module_.bytes.size() < kHeaderBytes) {
    throw_malformed(module_.bytes.size(), "unexpected end in the binary version");
  }
  auto version = load_little<std::uint16_t>(module_.bytes.data() + 4);
  auto layer = load_little<std::uint16_t>(module_.bytes.data() + 6);
  if (layer == 1) {
    throw_malformed(4,
                    "unknown binary version: this is a component, and only core modules are "
                    "supported (build it for wasip1)");
  }
  if (version != 1 || layer != 0) {
    throw_malformed(4, fmt::format("unknown binary version {}",
                                   std::uint32_t{layer} << 16 | std::uint32_t{version}));
  }
  reader_.skip(kHeaderBytes);
}

Module Decoder::run() {
  header();
  std::uint8_t last_rank = 0;
  while (!reader_.at_end()) {
    std::size_t start = reader_.offset();
    std::uint8_t id = reader_.byte();
    std::uint32_t size = reader_.u32();
    if (id >= kRank.size()) throw_malformed(start, fmt::format("malformed section id {}", id));
    if (id != 0) {
      if (kRank[id] <= last_rank) throw_malformed(start, "unexpected content after last section");
      last_rank = kRank[id];
    }
    Reader part = reader_.part(size);
    section(static_cast<Section>(id), part);
    if (!part.at_end()) part.malformed("section size mismatch");
  }
  if (defined_.size() != module_.code.size()) {
    reader_.malformed("function and code section have inconsistent lengths");
  }
  if (module_.data_count && *module_.data_count != module_.data.size()) {
    reader_.malformed("data count and data section have inconsistent lengths");
  }
  if (not_constant_) {
    check_bodies_well_formed(module_);
    fail(ErrorKind::InvalidArgument,
         "invalid module: offset {:#x}: constant expression required: a single constant "
         "instruction",
         *not_constant_);
  }
  return std::move(module_);
}

void Decoder::section(Section id, Reader& r) {
  switch (id) {
    case Section::Custom:
      return custom_section(r);
    case Section::Type:
      return type_section(r);
    case Section::Import:
      return import_section(r);
    case Section::Function:
      return function_section(r);
    case Section::Table: {
      std::uint32_t count = r.count(limits::kTables - module_.imported_tables, "tables");
      for (; count > 0; --count) module_.tables.push_back(table_type(r));
      return;
    }
    case Section::Memory: {
      std::uint32_t count = r.count(limits::kImports, "memories");
      for (; count > 0; --count) module_.memories.push_back({limits(r)});
      return;
    }
    case Section::Global: {
      std::uint32_t count = r.count(limits::kGlobals, "globals");
      module_.globals.reserve(module_.globals.size() + count);
      for (; count > 0; --count) {
        module_.globals.push_back(global_type(r));
        module_.global_inits.push_back(expression(r));
      }
      return;
    }
    case Section::Export:
      return export_section(r);
    case Section::Start:
      module_.start = r.u32();
      return;
    case Section::Element:
      return element_section(r);
    case Section::Code:
      return code_section(r);
    case Section::Data:
      return data_section(r);
    case Section::DataCount:
      module_.data_count = r.u32();
      return;
  }
}

void Decoder::custom_section(Reader& r) {
  if (module_.custom.size() == limits::kCustomSections) {
    throw_over_limit(r.offset(),
                     fmt::format("more than {} custom sections", limits::kCustomSections));
  }
  std::string_view name = r.name();
  module_.custom.push_back({name, r.bytes(r.remaining())});
}

std::vector<ValType> Decoder::types(Reader& r, std::uint32_t limit, std::string_view what) {
  std::vector<ValType> types(r.count(limit, what));
  type_values_ += types.size();
  if (type_values_ > limits::kTypeValues) {
    throw_over_limit(r.offset(), fmt::format("more than {} parameters and results in all types",
                                             limits::kTypeValues));
  }
  for (ValType& type : types) type = r.value_type();
  return types;
}

void Decoder::type_section(Reader& r) {
  std::uint32_t count = r.count(limits::kTypes, "types");
  module_.types.reserve(count);
  for (; count > 0; --count) {
    std::size_t start = r.offset();
    if (r.byte() != 0x60) throw_malformed(start, "malformed function type");
    std::vector<ValType> params = types(r, limits::kParams, "parameters");
    std::vector<ValType> results = types(r, limits::kResults, "results");
    module_.types.push_back({std::move(params), std::move(results)});
  }
}

Limits Decoder::limits(Reader& r) {
  std::size_t start = r.offset();
  std::uint8_t flags = r.byte();
  if (flags > 1) throw_malformed(start, fmt::format("malformed limits flags {:#04x}", flags));
  Limits limits{.min = r.u32()};
  if (flags == 1) limits.max = r.u32();
  return limits;
}

TableType Decoder::table_type(Reader& r) {
  TableType type{.element = r.reference_type()};
  std::size_t start = r.offset();
  type.limits = limits(r);
  // One with a minimum above its maximum is invalid rather than too large: validate() says so.
  if (type.limits.min > limits::kTableElements &&
      type.limits.min <= type.limits.max.value_or(~0u)) {
    throw_over_limit(start, fmt::format("a table of {} elements, at most {}", type.limits.min,
                                        limits::kTableElements));
  }
  return type;
}

GlobalType Decoder::global_type(Reader& r) {
  GlobalType type{.type = r.value_type()};
  std::size_t start = r.offset();
  std::uint8_t mutability = r.byte();
  if (mutability > 1) throw_malformed(start, "malformed mutability");
  type.is_mutable = mutability == 1;
  return type;
}

ExternKind Decoder::extern_kind(Reader& r, std::string_view what) {
  std::size_t start = r.offset();
  std::uint8_t kind = r.byte();
  if (kind > 3) throw_malformed(start, fmt::format("malformed {} kind {:#04x}", what, kind));
  return static_cast<ExternKind>(kind);
}

void Decoder::import_section(Reader& r) {
  std::uint32_t count = r.count(limits::kImports, "imports");
  module_.imports.reserve(count);
  for (; count > 0; --count) {
    std::string_view module = r.name();
    std::string_view name = r.name();
    Import import{.module = module, .name = name, .kind = extern_kind(r, "import"), .type = {}};
    switch (import.kind) {
      case ExternKind::Function:
        import.type = module_.functions.emplace_back(r.u32());
        break;
      case ExternKind::Table:
        if (module_.tables.size() == limits::kTables) {
          throw_over_limit(r.offset(), fmt::format("more than {} tables", limits::kTables));
        }
        import.type = module_.tables.emplace_back(table_type(r));
        break;
      case ExternKind::Memory:
        import.type = module_.memories.emplace_back(MemoryType{limits(r)});
        break;
      case ExternKind::Global:
        import.type = module_.globals.emplace_back(global_type(r));
        break;
    }
    module_.imports.push_back(import);
  }
  module_.imported_functions = static_cast<std::uint32_t>(module_.functions.size());
  module_.imported_tables = static_cast<std::uint32_t>(module_.tables.size());
  module_.imported_memories = static_cast<std::uint32_t>(module_.memories.size());
  module_.imported_globals = static_cast<std::uint32_t>(module_.globals.size());
}

void Decoder::function_section(Reader& r) {
  defined_.resize(r.count(limits::kFunctions - module_.imported_functions, "functions"));
  for (std::uint32_t& type : defined_) type = r.u32();
  module_.functions.insert(module_.functions.end(), defined_.begin(), defined_.end());
}

void Decoder::export_section(Reader& r) {
  std::uint32_t count = r.count(limits::kExports, "exports");
  module_.exports.reserve(count);
  for (; count > 0; --count) {
    std::string_view name = r.name();
    ExternKind kind = extern_kind(r, "export");
    module_.exports.push_back({name, kind, r.u32()});
  }
}

bool Decoder::constant(Reader& r, ConstExpr& expression) {
  std::uint8_t opcode = r.byte();
  auto raw = [&](ValType type, std::size_t size) {
    expression.type = type;
    ByteSpan bits = r.bytes(size);
    std::memcpy(expression.bits.data(), bits.data(), size);
  };
  switch (opcode) {
    case static_cast<std::uint8_t>(Opcode::I32Const):
      expression.type = ValType::I32;
      store_little(expression.bits.data(), r.s32());
      break;
    case static_cast<std::uint8_t>(Opcode::I64Const):
      expression.type = ValType::I64;
      store_little(expression.bits.data(), r.s64());
      break;
    case static_cast<std::uint8_t>(Opcode::F32Const):
      raw(ValType::F32, 4);
      break;
    case static_cast<std::uint8_t>(Opcode::F64Const):
      raw(ValType::F64, 8);
      break;
    case kPrefixVector:
      if ((kPrefixVector << 8 | r.u32()) != static_cast<std::uint32_t>(Opcode::V128Const)) {
        return false;
      }
      raw(ValType::V128, 16);
      break;
    case static_cast<std::uint8_t>(Opcode::RefNull):
      expression.kind = ConstExpr::Kind::RefNull;
      expression.type = r.reference_type();
      break;
    case static_cast<std::uint8_t>(Opcode::RefFunc):
      expression.kind = ConstExpr::Kind::RefFunc;
      expression.type = ValType::FuncRef;
      expression.index = r.u32();
      break;
    case static_cast<std::uint8_t>(Opcode::GlobalGet):
      expression.kind = ConstExpr::Kind::GlobalGet;
      expression.index = r.u32();
      break;
    default:
      return false;
  }
  return r.byte() == static_cast<std::uint8_t>(Opcode::End);
}

ConstExpr Decoder::expression(Reader& r) {
  Reader attempt = r;
  ConstExpr result;
  if (constant(attempt, result)) {
    r = attempt;
    return result;
  }
  if (!not_constant_) not_constant_ = r.offset();
  skip_expression(r, module_.data_count ? DataCount::Present : DataCount::Absent);
  return {};
}

ElementSegment Decoder::element(Reader& r) {
  std::size_t start = r.offset();
  std::uint32_t flags = r.u32();
  if (flags > 7) throw_malformed(start, fmt::format("malformed elements segment kind {}", flags));
  bool not_active = (flags & 1) != 0;
  bool explicit_index = (flags & 2) != 0;
  bool expressions = (flags & 4) != 0;

  ElementSegment segment;
  if (not_active) {
    segment.mode = explicit_index ? SegmentMode::Declarative : SegmentMode::Passive;
  } else {
    if (explicit_index) segment.table = r.u32();
    segment.offset = expression(r);
  }
  if (not_active || explicit_index) {
    if (expressions) {
      segment.type = r.reference_type();
    } else {
      std::size_t kind = r.offset();
      if (r.byte() != 0) throw_malformed(kind, "malformed element kind");
    }
  }
  std::uint32_t count = r.count(limits::kSegmentElements, "elements in a segment");
  segment_elements_ += count;
  if (segment_elements_ > limits::kSegmentElements) {
    throw_over_limit(start, fmt::format("more than {} elements in all segments together",
                                        limits::kSegmentElements));
  }
  segment.items.reserve(count);
  for (; count > 0; --count) {
    if (expressions) {
      segment.items.push_back(expression(r));
    } else {
      segment.items.push_back(
          {.kind = ConstExpr::Kind::RefFunc, .type = ValType::FuncRef, .index = r.u32()});
    }
  }
  return segment;
}

void Decoder::element_section(Reader& r) {
  std::uint32_t count = r.count(limits::kElementSegments, "element segments");
  for (; count > 0; --count) module_.elements.push_back(element(r));
}

Code Decoder::code(Reader& r) {
  std::size_t start = r.offset();
  std::uint32_t size = r.u32();
  Reader body = r.part(size);
  if (size > limits::kBodyBytes) {
    throw_over_limit(start,
                     fmt::format("a function of {} bytes, at most {}", size, limits::kBodyBytes));
  }
  Code code;
  std::size_t locals_start = body.offset();
  std::uint32_t groups = body.count(limits::kBodyBytes, "groups of locals");
  code.locals.reserve(groups);
  std::uint64_t total = 0;
  for (; groups > 0; --groups) {
    std::uint32_t count = body.u32();
    total += count;
    code.locals.push_back({count, body.value_type()});
  }
  if (total > UINT32_MAX) throw_malformed(locals_start, "too many locals");
  if (total > limits::kLocals) {
    throw_over_limit(locals_start,
                     fmt::format("{} locals in a function, at most {}", total, limits::kLocals));
  }
  code.offset = static_cast<std::uint32_t>(body.offset());
  code.body = body.bytes(body.remaining());
  return code;
}

void Decoder::code_section(Reader& r) {
  std::size_t start = r.offset();
  std::uint32_t count = r.count(limits::kFunctions, "function bodies");
  if (count != defined_.size()) {
    throw_malformed(start, "function and code section have inconsistent lengths");
  }
  module_.code.reserve(count);
  for (; count > 0; --count) module_.code.push_back(code(r));
}

void Decoder::data_section(Reader& r) {
  std::uint32_t count = r.count(limits::kDataSegments, "data segments");
  module_.data.reserve(count);
  for (; count > 0; --count) {
    std::size_t start = r.offset();
    std::uint32_t flags = r.u32();
    if (flags > 2) throw_malformed(start, fmt::format("malformed data segment kind {}", flags));
    DataSegment segment;
    if (flags == 1) {
      segment.mode = SegmentMode::Passive;
    } else {
      if (flags == 2) segment.memory = r.u32();
      segment.offset = expression(r);
    }
    std::uint32_t size = r.u32();
    segment.bytes = r.bytes(size);
    module_.data.push_back(segment);
  }
}

}  // namespace

bool has_wasm_magic(ByteSpan bytes) noexcept {
  return bytes.size() >= kMagic.size() && std::equal(kMagic.begin(), kMagic.end(), bytes.begin());
}

Module decode(ByteSpan bytes) { return Decoder(bytes).run(); }

}  // namespace wherry::wasm
