#include "image/build/dockerfile.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/error.h"
#include "image/build/limits.h"

namespace wherry::build {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string stage_name(const Instruction& from) {
  if (from.arguments.size() != 3) return {};
  std::string name = lower(from.arguments[2]);
  bool letter = name[0] >= 'a' && name[0] <= 'z';
  bool rest = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
  if (!letter || !rest) {
    fail(ErrorKind::InvalidArgument,
         "FROM: stage name '{}' must begin with a letter and hold letters, digits, '-', '_', '.' "
         "only",
         from.arguments[2]);
  }
  return name;
}

void add_instruction(Dockerfile& file, Instruction&& instruction) {
  if (instruction.kind == InstructionKind::From) {
    if (file.stages.size() == kMaxStages) {
      fail(ErrorKind::ResourceExhausted, "more than {} stages", kMaxStages);
    }
    std::string name = stage_name(instruction);
    if (!name.empty() && file.find_stage(name, file.stages.size())) {
      file.notices.push_back(
          {instruction.line, fmt::format("a second stage named '{}' hides the first", name)});
    }
    file.stages.push_back({std::move(instruction), std::move(name), {}});
  } else if (!file.stages.empty()) {
    file.stages.back().instructions.push_back(std::move(instruction));
  } else if (instruction.kind == InstructionKind::Arg) {
    file.global_args.push_back(std::move(instruction));
  } else {
    fail(ErrorKind::InvalidArgument, "only ARG may stand before the first FROM, found {}",
         spelling_of(instruction.kind));
  }
}

}  // namespace

std::optional<std::size_t> Dockerfile::find_stage(std::string_view name_or_number,
                                                  std::size_t before) const {
  std::string wanted = lower(name_or_number);
  for (std::size_t i = std::min(before, stages.size()); i-- > 0;) {
    if (!stages[i].name.empty() && stages[i].name == wanted) return i;
  }
  std::size_t index = 0;
  const char* end = wanted.data() + wanted.size();
  auto [stop, error] = std::from_chars(wanted.data(), end, index);
  if (error == std::errc() && stop == end && index < before && index < stages.size()) return index;
  return std::nullopt;
}

std::string Dockerfile::position(int line) const { return fmt::format("{}:{}", name, line); }

Dockerfile parse_dockerfile(std::string_view text, std::string_view name) {
  DockerfileLines lines = read_lines(text, name);
  Dockerfile file;
  file.name = name;
  file.escape = lines.escape;
  file.notices = std::move(lines.notices);
  for (const LogicalLine& line : lines.lines) {
    in_context([&] { return file.position(line.number); },
               [&] { add_instruction(file, parse_instruction(line, file.escape, file.notices)); });
  }
  if (file.stages.empty()) {
    fail(ErrorKind::InvalidArgument, "{}: has no FROM, so there is nothing to build", name);
  }
  return file;
}

Instruction parse_trigger(std::string_view text, char escape) {
  DockerfileLines lines = read_lines(text, "trigger");
  if (lines.lines.size() != 1) {
    fail(ErrorKind::InvalidArgument, "ONBUILD trigger '{}' is not one instruction",
         text.substr(0, 200));
  }
  Instruction trigger = parse_instruction(lines.lines[0], escape, lines.notices);
  if (trigger.kind == InstructionKind::From || trigger.kind == InstructionKind::Onbuild ||
      trigger.kind == InstructionKind::Maintainer) {
    fail(ErrorKind::InvalidArgument, "{} may not be an ONBUILD trigger", spelling_of(trigger.kind));
  }
  return trigger;
}

}  // namespace wherry::build
