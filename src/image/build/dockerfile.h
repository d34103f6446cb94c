// A Dockerfile as a value: the ARGs before the first FROM, then stages of instructions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/build/instruction.h"

namespace wherry::build {

struct Stage {
  Instruction from;
  std::string name;  // lower case; empty where FROM gave none
  std::vector<Instruction> instructions;
};

struct Dockerfile {
  std::string name;  // as the user gave it, for messages
  char escape = '\\';
  std::vector<Instruction> global_args;
  std::vector<Stage> stages;
  std::vector<Notice> notices;

  // The stage that a name, or a number from 0, means among those before `before`.
  std::optional<std::size_t> find_stage(std::string_view name_or_number, std::size_t before) const;
  // "Dockerfile:7"
  std::string position(int line) const;
};

// Throws Error "name:LINE: …".
Dockerfile parse_dockerfile(std::string_view text, std::string_view name);

// The instruction of an image's ONBUILD trigger.
Instruction parse_trigger(std::string_view text, char escape);

}  // namespace wherry::build
