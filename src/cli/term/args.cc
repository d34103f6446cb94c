#include "cli/term/args.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"

namespace wherry::cli {

void Arguments::add(std::string_view names, Option option) {
  while (!names.empty()) {
    std::size_t comma = names.find(',');
    std::string_view name = names.substr(0, comma);
    names = comma == std::string_view::npos ? "" : names.substr(comma + 1);
    if (name.starts_with("--")) {
      option.long_name = name.substr(2);
      WHERRY_CHECK(!find_long(option.long_name));
    } else {
      WHERRY_CHECK(name.size() == 2 && name[0] == '-' && !find_short(name[1]));
      option.short_name = name.substr(1);
    }
  }
  options_.push_back(std::move(option));
}

void Arguments::flag(std::string_view names, bool* target, std::string_view help) {
  add(names, {.help = std::string(help), .flag = target});
}

void Arguments::option(std::string_view names, std::string_view value_name, std::string* target,
                       std::string_view help) {
  add(names, {.value_name = std::string(value_name), .help = std::string(help), .text = target});
}

void Arguments::option(std::string_view names, std::string_view value_name,
                       std::optional<std::string>* target, std::string_view help) {
  add(names,
      {.value_name = std::string(value_name), .help = std::string(help), .optional_text = target});
}

void Arguments::list(std::string_view names, std::string_view value_name,
                     std::vector<std::string>* target, std::string_view help) {
  add(names, {.value_name = std::string(value_name), .help = std::string(help), .texts = target});
}

const Arguments::Option* Arguments::find_long(std::string_view name) const {
  auto found = std::ranges::find(options_, name, &Option::long_name);
  return found == options_.end() || name.empty() ? nullptr : &*found;
}

const Arguments::Option* Arguments::find_short(char name) const {
  auto found = std::ranges::find(options_, std::string_view(&name, 1), &Option::short_name);
  return found == options_.end() ? nullptr : &*found;
}

void Arguments::set(const Option& option, std::string_view spelled,
                    std::optional<std::string> value) {
  if (option.flag) {
    if (value && *value != "true" && *value != "false") {
      throw UsageError(fmt::format("flag '{}' is true or false, not '{}'", spelled, *value));
    }
    *option.flag = !value || *value == "true";
  } else if (option.text) {
    *option.text = std::move(*value);
  } else if (option.optional_text) {
    *option.optional_text = std::move(*value);
  } else {
    option.texts->push_back(std::move(*value));
  }
}

// Both return how many of the arguments they used.
std::size_t Arguments::parse_long(std::span<const std::string> arguments, std::size_t at) {
  std::string_view argument = arguments[at];
  std::size_t equals = argument.find('=');
  std::string_view spelled = argument.substr(0, equals);
  std::string_view name = spelled.substr(2);
  std::optional<std::string> value;
  if (equals != std::string_view::npos) value = argument.substr(equals + 1);

  const Option* option = find_long(name);
  if (!option) {
    if (name == "help" && !value) {
      help_ = true;
      return 1;
    }
    std::vector<std::string_view> known;
    for (const Option& each : options_) known.push_back(each.long_name);
    std::string_view near = nearest(name, known);
    throw UsageError(near.empty()
                         ? fmt::format("unknown flag '{}'", spelled)
                         : fmt::format("unknown flag '{}'; did you mean '--{}'?", spelled, near));
  }
  if (option->flag || value) {
    set(*option, spelled, std::move(value));
    return 1;
  }
  if (at + 1 == arguments.size()) {
    throw UsageError(fmt::format("flag '{}' needs a value: {}", spelled, option->value_name));
  }
  set(*option, spelled, arguments[at + 1]);
  return 2;
}

std::size_t Arguments::parse_short(std::span<const std::string> arguments, std::size_t at) {
  std::string_view argument = arguments[at];
  for (std::size_t i = 1; i < argument.size(); ++i) {
    std::string spelled = {'-', argument[i]};
    const Option* option = find_short(argument[i]);
    if (!option) {
      if (argument == "-h") {
        help_ = true;
        return 1;
      }
      throw UsageError(argument.size() == 2
                           ? fmt::format("unknown flag '{}'", spelled)
                           : fmt::format("unknown flag '{}' in '{}'", spelled, argument));
    }
    std::string_view rest = argument.substr(i + 1);
    if (option->flag && !rest.starts_with('=')) {
      set(*option, spelled, std::nullopt);
      continue;
    }
    if (!rest.empty()) {
      if (rest.starts_with('=')) rest.remove_prefix(1);
      set(*option, spelled, std::string(rest));
      return 1;
    }
    if (at + 1 == arguments.size()) {
      throw UsageError(fmt::format("flag '{}' needs a value: {}", spelled, option->value_name));
    }
    set(*option, spelled, arguments[at + 1]);
    return 2;
  }
  return 1;
}

std::optional<std::vector<std::string>> Arguments::parse(std::span<const std::string> arguments,
                                                         Operands operands) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < arguments.size();) {
    const std::string& argument = arguments[at];
    if (argument == "--") {
      found.insert(found.end(), arguments.begin() + at + 1, arguments.end());
      break;
    }
    if (argument.starts_with("--")) {
      at += parse_long(arguments, at);
    } else if (argument.size() > 1 && argument[0] == '-') {
      at += parse_short(arguments, at);
    } else if (operands == Operands::EndTheOptions) {
      found.insert(found.end(), arguments.begin() + at, arguments.end());
      break;
    } else {
      found.push_back(argument);
      ++at;
    }
    if (help_) return std::nullopt;
  }
  return found;
}

std::string Arguments::describe() const {
  std::vector<std::pair<std::string, std::string_view>> rows;
  for (const Option& option : options_) {
    std::string left = option.short_name.empty() ? "    " : fmt::format("-{}", option.short_name);
    if (!option.short_name.empty() && !option.long_name.empty()) left += ", ";
    if (!option.long_name.empty()) left += "--" + option.long_name;
    if (!option.value_name.empty()) left += " " + option.value_name;
    rows.emplace_back(std::move(left), option.help);
  }
  rows.emplace_back(find_short('h') ? "    --help" : "-h, --help", "show this text");
  std::size_t width = 0;
  for (const auto& [left, help] : rows) width = std::max(width, left.size());
  std::string text;
  for (const auto& [left, help] : rows) {
    text += fmt::format("  {:<{}}  {}\n", left, width, help);
  }
  return text;
}

}  // namespace wherry::cli
