// Which container a command line is about, before anybody has read its options: that decides who reads
// them, this runtime or the one of the container.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime.h"

namespace wherry::runtime {

// The first operand behind the verb. Options are told from operands as this runtime, crun and runc do,
// so that an option's value is never taken for an id. Nothing where there is none.
std::optional<std::string> container_id_of(std::string_view verb, VerbArguments words);

}  // namespace wherry::runtime
