// The instructions that change what a container starts with and no file: ENV, LABEL, CMD, …
#pragma once

#include <string>
#include <vector>

#include "image/build/instruction.h"
#include "image/build/stage.h"

namespace wherry::build {

// Requires: not ARG, COPY, ADD, WORKDIR, RUN or FROM. Throws Error InvalidArgument without the position.
void apply_config_instruction(const Instruction& instruction, char escape, StageState& stage,
                              std::vector<std::string>& notices);

}  // namespace wherry::build
