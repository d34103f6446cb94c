#include "image/build/instruction.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"
#include "base/suggest.h"

namespace wherry::build {
namespace {

constexpr std::string_view kSpaces = " \t\v\f\r\n";

struct Row {
  InstructionKind kind;
  std::string_view spelling;
  ArgumentForm form;
  bool heredocs;
  std::string_view flags;
};

constexpr Row kRows[] = {
#define WHERRY_INSTRUCTION(kind, spelling, form, heredocs, flags) \
  {InstructionKind::kind, spelling, ArgumentForm::form, heredocs, flags},
#include "image/build/instructions.def"
#undef WHERRY_INSTRUCTION
};

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

// The first word, and what follows it.
std::pair<std::string_view, std::string_view> split_first(std::string_view text) {
  std::size_t end = std::min(text.find_first_of(kSpaces), text.size());
  std::size_t next = std::min(text.find_first_not_of(kSpaces, end), text.size());
  return {text.substr(0, end), text.substr(next)};
}

const Row* find_row(std::string_view keyword) {
  std::string spelling = upper(keyword);
  for (const Row& row : kRows) {
    if (row.spelling == spelling) return &row;
  }
  return nullptr;
}

const Row& row_of(std::string_view keyword) {
  if (const Row* row = find_row(keyword)) return *row;
  std::vector<std::string_view> spellings;
  for (const Row& row : kRows) spellings.push_back(row.spelling);
  std::string_view near = nearest(upper(keyword), spellings);
  fail(ErrorKind::InvalidArgument, "unknown instruction '{}'{}", keyword,
       near.empty() ? std::string() : fmt::format(" (did you mean {}?)", near));
}

// What the table says of a flag: its name and the marks behind it.
std::optional<std::string_view> marks_of_flag(std::string_view flags, std::string_view name) {
  for (const std::string& word : split_words(flags)) {
    std::size_t end = word.find_first_of("=?");
    if (std::string_view(word).substr(0, end) == name) {
      return flags.substr(flags.find(word) + end, word.size() - end);
    }
  }
  return std::nullopt;
}

void read_flags(const Row& row, std::string_view& text, Instruction& instruction) {
  for (auto& [name, value] : take_flags(text)) {
    std::optional<std::string_view> marks = marks_of_flag(row.flags, name);
    if (!marks) {
      std::vector<std::string> known = split_words(row.flags);
      std::vector<std::string_view> names;
      for (std::string& word : known) {
        word.resize(word.find_first_of("=?"));
        names.push_back(word);
      }
      std::string_view near = nearest(name, names);
      fail(ErrorKind::InvalidArgument, "unknown flag '--{}'{}", name,
           near.empty() ? std::string() : fmt::format(" (did you mean --{}?)", near));
    }
    bool given = instruction.flag(name) != nullptr;
    if (given && !marks->ends_with('+')) {
      fail(ErrorKind::InvalidArgument, "flag '--{}' is given twice", name);
    }
    if (marks->starts_with('?')) {
      if (value.empty()) value = "=true";
      if (value != "=true" && value != "=false") {
        fail(ErrorKind::InvalidArgument, "flag '--{}' takes true or false, not '{}'", name,
             value.substr(1));
      }
    } else if (value.empty()) {
      fail(ErrorKind::InvalidArgument, "flag '--{}' needs a value: --{}=…", name, name);
    }
    instruction.flags.emplace_back(name, value.substr(1));
  }
}

void read_json_or(const Row& row, std::string_view text, Instruction& instruction,
                  std::vector<Notice>& notices, bool as_words) {
  switch (parse_json_strings(text, instruction.arguments)) {
    case JsonOutcome::Strings:
      instruction.json = true;
      return;
    case JsonOutcome::NotStrings:
      fail(ErrorKind::InvalidArgument, "a JSON array of {} may hold strings only: '{}'",
           row.spelling, text.substr(0, 200));
    case JsonOutcome::NotJson:
      break;
  }
  if (text.starts_with('[') && text.ends_with(']')) {
    notices.push_back(
        {instruction.line,
         fmt::format("{}: '{}' looks like a JSON array but is none (JSON wants double "
                     "quotes), so it is taken as it stands",
                     row.spelling, text.substr(0, 200))});
  }
  if (as_words) {
    instruction.arguments = split_words(text);
  } else if (!text.empty()) {
    instruction.arguments.emplace_back(text);
  }
}

void read_definitions(std::string_view text, char escape, Instruction& instruction) {
  for (std::string& word : split_quoted_words(text, escape)) {
    std::size_t equals = word.find('=');
    std::string name = word.substr(0, equals);
    if (name.empty()) fail(ErrorKind::InvalidArgument, "'{}' has no name before '='", word);
    instruction.has_value.push_back(equals != word.npos);
    instruction.pairs.emplace_back(std::move(name),
                                   equals == word.npos ? std::string() : word.substr(equals + 1));
  }
  if (instruction.pairs.empty()) fail(ErrorKind::InvalidArgument, "expected NAME or NAME=DEFAULT");
}

void check_trigger(const LogicalLine& line, std::string_view text, char escape,
                   std::vector<Notice>& notices) {
  if (text.empty()) fail(ErrorKind::InvalidArgument, "expected an instruction");
  LogicalLine inner{line.number, std::string(text), line.heredocs};
  InstructionKind kind = parse_instruction(inner, escape, notices).kind;
  if (kind == InstructionKind::Onbuild || kind == InstructionKind::From ||
      kind == InstructionKind::Maintainer) {
    fail(ErrorKind::InvalidArgument, "{} may not be a trigger", spelling_of(kind));
  }
}

// What is left to say once the text is cut up: how many arguments there must be.
void check_count(const Instruction& instruction) {
  std::size_t count = instruction.arguments.size();
  auto expect = [&](bool holds, std::string_view what) {
    if (holds) return;
    std::string found;
    for (const std::string& argument : instruction.arguments) found += " '" + argument + "'";
    fail(ErrorKind::InvalidArgument, "expected {}, found{}", what, count == 0 ? " nothing" : found);
  };
  switch (instruction.kind) {
    case InstructionKind::Add:
    case InstructionKind::Copy:
      expect(count >= 2, "SOURCE... DESTINATION");
      break;
    case InstructionKind::From: {
      bool named = count == 3 && upper(instruction.arguments[1]) == "AS";
      expect(count == 1 || named, "IMAGE or IMAGE AS NAME");
      break;
    }
    case InstructionKind::Shell:
      expect(instruction.json && count > 0, R"(a JSON array such as ["/bin/sh", "-c"])");
      break;
    case InstructionKind::Expose:
      expect(count > 0, "PORT[/PROTOCOL]...");
      break;
    case InstructionKind::Volume:
      expect(count > 0, "PATH...");
      break;
    case InstructionKind::Workdir:
      expect(count == 1, "a path");
      break;
    case InstructionKind::User:
      expect(count == 1, "USER or USER:GROUP");
      break;
    case InstructionKind::Stopsignal:
      expect(count == 1, "a signal");
      break;
    case InstructionKind::Maintainer:
      expect(count == 1, "a name");
      break;
    default:
      break;
  }
}

}  // namespace

std::string_view spelling_of(InstructionKind kind) {
  return kRows[static_cast<std::size_t>(kind)].spelling;
}

const std::string* Instruction::flag(std::string_view name) const {
  for (const auto& [flag_name, value] : flags) {
    if (flag_name == name) return &value;
  }
  return nullptr;
}

bool Instruction::has_switch(std::string_view name) const {
  const std::string* value = flag(name);
  return value != nullptr && *value == "true";
}

bool may_have_heredocs(std::string_view line) {
  auto [keyword, rest] = split_first(line);
  const Row* row = find_row(keyword);
  if (row == nullptr) return false;
  if (row->kind == InstructionKind::Onbuild) {
    return !rest.empty() && upper(split_first(rest).first) != "ONBUILD" && may_have_heredocs(rest);
  }
  if (!row->heredocs) return false;
  take_flags(rest);
  std::vector<std::string> strings;
  return parse_json_strings(rest, strings) != JsonOutcome::Strings;
}

Instruction parse_instruction(const LogicalLine& line, char escape, std::vector<Notice>& notices) {
  auto [keyword, text] = split_first(line.text);
  const Row& row = row_of(keyword);
  Instruction instruction{.kind = row.kind, .line = line.number};
  instruction.source = line.text;
  instruction.heredocs = line.heredocs;
  in_context([&] { return std::string(row.spelling); },
             [&] {
               // Only where flags exist may an argument not begin with "--".
               if (row.form != ArgumentForm::Trigger) read_flags(row, text, instruction);
               switch (row.form) {
                 case ArgumentForm::Words:
                   instruction.arguments = split_words(text);
                   break;
                 case ArgumentForm::JsonOrWords:
                   read_json_or(row, text, instruction, notices, true);
                   break;
                 case ArgumentForm::JsonOrText:
                   read_json_or(row, text, instruction, notices, false);
                   break;
                 case ArgumentForm::Text:
                 case ArgumentForm::Trigger:
                   if (!text.empty()) instruction.arguments.emplace_back(text);
                   break;
                 case ArgumentForm::Pairs:
                   instruction.pairs = parse_pairs(text, escape);
                   break;
                 case ArgumentForm::Definitions:
                   read_definitions(text, escape, instruction);
                   break;
                 case ArgumentForm::Health: {
                   auto [type, command] = split_first(text);
                   read_json_or(row, command, instruction, notices, false);
                   instruction.arguments.insert(instruction.arguments.begin(), upper(type));
                   break;
                 }
               }
               if (row.form == ArgumentForm::Trigger) check_trigger(line, text, escape, notices);
               check_count(instruction);
             });
  return instruction;
}

}  // namespace wherry::build
