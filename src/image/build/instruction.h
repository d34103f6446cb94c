// One instruction of a Dockerfile, read but with its variables not yet replaced.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "image/build/lines.h"
#include "image/build/words.h"

namespace wherry::build {

enum class InstructionKind : unsigned char {
#define WHERRY_INSTRUCTION(kind, spelling, form, heredocs, flags) kind,
#include "image/build/instructions.def"
#undef WHERRY_INSTRUCTION
};

// How the text after an instruction's flags is read.
enum class ArgumentForm : unsigned char {
  Words,        // EXPOSE 80 443
  JsonOrWords,  // COPY a b   COPY ["a b", "c"]
  JsonOrText,   // CMD a b    CMD ["a", "b"]
  Text,         // WORKDIR /a b
  Pairs,        // ENV A=1 B=2   ENV A 1
  Definitions,  // ARG A B=2
  Trigger,      // ONBUILD COPY a b
  Health,       // HEALTHCHECK NONE   HEALTHCHECK CMD a b
};

std::string_view spelling_of(InstructionKind kind);

struct Instruction {
  InstructionKind kind{};
  int line = 0;
  std::string source;  // as written: flags, arguments, continued lines joined

  std::vector<Pair> flags;             // name, value; "true" or "false" for a switch
  bool json = false;                   // the arguments were a JSON array
  std::vector<std::string> arguments;  // the words, or the one text; empty for Pairs, Definitions
  std::vector<Pair> pairs;             // ENV, LABEL; ARG with the value where `has_value` says so
  std::vector<bool> has_value;         // for each pair
  std::vector<Heredoc> heredocs;

  // The value of the flag, nothing where it is not given.
  const std::string* flag(std::string_view name) const;
  bool has_switch(std::string_view name) const;
};

// Whether the logical line begins with an instruction that takes here-documents.
bool may_have_heredocs(std::string_view line);

// Throws Error InvalidArgument without the position, which the caller adds.
Instruction parse_instruction(const LogicalLine& line, char escape, std::vector<Notice>& notices);

}  // namespace wherry::build
