// The instructions that change what a container starts with and no file: ENV, LABEL, CMD, …
#pragma once

#include <string>
#include <vector>

#include "image/build/instruction.h"
#include "image/build/stage.h"

namespace wherry::build {

// Whether the instruction is one of these; ARG, COPY, ADD, WORKDIR, RUN and FROM are not.
bool is_config_instruction(InstructionKind kind);

// Throws Error InvalidArgument without the position. Requires: is_config_instruction.
void apply_config_instruction(const Instruction& instruction, char escape, StageState& stage,
                              std::vector<std::string>& notices);

// Sets NAME=value in a list of them, in place where it is there.
void set_environment(std::vector<std::string>& environment, const std::string& name,
                     const std::string& value);

}  // namespace wherry::build
