// Any bytes as a Dockerfile: parsed, and every word of it expanded. A failure is an Error, nothing
// else; what parses has instructions with positions inside the file.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "image/build/dockerfile.h"
#include "image/build/expand.h"

using namespace wherry;
using namespace wherry::build;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const Variables variables = {{"a", "value"}, {"b", ""}, {"c", "x/y/z.tar.gz"}};
  auto expand_quietly = [&](std::string_view word, const ExpandOptions& options) {
    try {
      expand(word, variables, options);
      expand_words(word, variables, options);
    } catch (const Error&) {
    }
  };
  try {
    Dockerfile file = parse_dockerfile(text, "Dockerfile");
    for (const Stage& stage : file.stages) {
      WHERRY_CHECK(stage.from.line > 0);
      for (const Instruction& instruction : stage.instructions) {
        WHERRY_CHECK(instruction.line >= stage.from.line);
        for (const std::string& word : instruction.arguments) {
          expand_quietly(word, {.escape = file.escape});
        }
        for (const auto& [name, value] : instruction.pairs) {
          expand_quietly(value, {.escape = file.escape});
        }
        for (const Heredoc& heredoc : instruction.heredocs) {
          expand_quietly(heredoc.content, {.skip_quotes = true});
        }
      }
    }
  } catch (const Error&) {
  }
  expand_quietly(text, {});
  expand_quietly(text, {.keep_quotes = true, .keep_escapes = true, .keep_unset = true});
  return 0;
}
