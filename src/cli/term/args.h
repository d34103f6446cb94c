// The arguments of one command, read as Docker's own tools read them (POSIX with GNU long options).
//
//   -q  --quiet  --quiet=false        flags; short ones may be joined: -it
//   -e A=b  -eA=b  --env A=b  --env=A=b  --entrypoint=      options with a value, which may be
//   empty
//   --                                ends the options
//
// Only the options of the verb that runs are ever set up: nothing here is static. Variables bound
// to options must outlive the call of parse(). Thread safety: as a value.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace wherry::cli {

// The command line itself is wrong: nothing was begun.
class UsageError : public Error {
 public:
  explicit UsageError(std::string message)
      : Error(ErrorKind::InvalidArgument, std::move(message)) {}
};

// Where operands may stand: `build . -t x` mixes them with options; in `run IMAGE -x` whatever
// follows the first operand is the guest's.
enum class Operands : std::uint8_t { Anywhere, EndTheOptions };

class Arguments {
 public:
  // Each binds names as in "-q,--quiet" or "--json" to a variable. Requires: names are not taken.
  void flag(std::string_view names, bool* target, std::string_view help);
  void option(std::string_view names, std::string_view value_name, std::string* target,
              std::string_view help);
  void option(std::string_view names, std::string_view value_name,
              std::optional<std::string>* target, std::string_view help);
  void list(std::string_view names, std::string_view value_name, std::vector<std::string>* target,
            std::string_view help);

  // Fills what was bound and returns the operands; nothing where --help was asked for, which every
  // command answers, or -h, where that is not an option of the command's own. Throws UsageError.
  std::optional<std::vector<std::string>> parse(std::span<const std::string> arguments,
                                                Operands operands = Operands::Anywhere);

  // The options as an aligned table, one a line, for the end of a help text.
  std::string describe() const;

 private:
  struct Option {
    std::string short_name;  // "q", or empty
    std::string long_name;   // "quiet", or empty
    std::string value_name;  // empty for a flag
    std::string help;
    bool* flag = nullptr;
    std::string* text = nullptr;
    std::optional<std::string>* optional_text = nullptr;
    std::vector<std::string>* texts = nullptr;
  };

  void add(std::string_view names, Option option);
  const Option* find_long(std::string_view name) const;
  const Option* find_short(char name) const;
  void set(const Option& option, std::string_view spelled, std::optional<std::string> value);
  std::size_t parse_long(std::span<const std::string> arguments, std::size_t at);
  std::size_t parse_short(std::span<const std::string> arguments, std::size_t at);

  std::vector<Option> options_;
  bool help_ = false;
};

}  // namespace wherry::cli
