// Files of `--env-file`: an Error, or variables with names, which merge with themselves into the same.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "container/local/volume.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto host = [](const char* name) -> std::optional<std::string> {
    if (std::string_view(name) == "HERE") return "of the host";
    return std::nullopt;
  };
  auto [variables, problem] =
      outcome_of([&] { return container::parse_env_file(text, "file", host); });
  if (!variables) {
    WHERRY_CHECK(problem.starts_with("file:"));
    return 0;
  }
  for (const std::string& each : *variables) {
    std::size_t equals = each.find('=');
    WHERRY_CHECK(equals != std::string::npos && equals > 0);
  }
  std::vector<std::string> merged;
  container::merge_environment(merged, *variables);
  std::vector<std::string> again = merged;
  container::merge_environment(again, merged);
  WHERRY_CHECK(again == merged);
  return 0;
}
