#include "image/build/lines.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/error.h"
#include "image/build/expand.h"
#include "image/build/instruction.h"
#include "image/build/limits.h"

namespace wherry::build {
namespace {

constexpr std::string_view kSpaces = " \t\r\v\f";

std::string_view without_leading_space(std::string_view text) {
  std::size_t first = text.find_first_not_of(kSpaces);
  return first == text.npos ? std::string_view() : text.substr(first);
}

std::string_view trimmed(std::string_view text) {
  text = without_leading_space(text);
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    std::size_t more = lead < 0x80 ? 0 : lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead >= 0x80 && (lead < 0xC2 || lead > 0xF4)) return false;
    if (i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      if ((text[i + k] & 0xC0) != 0x80) return false;
    }
    auto second = static_cast<unsigned char>(more != 0 ? text[i + 1] : 0);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
      return false;
    }
    i += more + 1;
  }
  return true;
}

// "# name = value", where the name is one of letters and digits.
struct Directive {
  std::string name;
  std::string_view value;
};

std::optional<Directive> parse_directive(std::string_view line) {
  if (!line.starts_with('#')) return std::nullopt;
  line = trimmed(line.substr(1));
  std::size_t end = 0;
  while (end < line.size() && std::isalnum(static_cast<unsigned char>(line[end]))) ++end;
  std::string_view rest = without_leading_space(line.substr(end));
  if (end == 0 || std::isdigit(static_cast<unsigned char>(line[0])) || !rest.starts_with('=')) {
    return std::nullopt;
  }
  std::string_view value = trimmed(rest.substr(1));
  if (value.empty()) return std::nullopt;
  Directive directive{std::string(line.substr(0, end)), value};
  for (char& c : directive.name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return directive;
}

class LineReader {
 public:
  LineReader(std::string_view text, std::string_view name) : rest_(text), name_(name) {}

  DockerfileLines read() {
    if (rest_.size() > kMaxDockerfileBytes) {
      fail(ErrorKind::ResourceExhausted, "{}: holds {} bytes, more than {}", name_, rest_.size(),
           kMaxDockerfileBytes);
    }
    if (rest_.find('\0') != rest_.npos || !is_utf8(rest_)) {
      fail(ErrorKind::InvalidArgument, "{}: is not a text file in UTF-8", name_);
    }
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
    read_directives();
    while (std::optional<std::string_view> line = next()) read_instruction(*line);
    if (result_.lines.empty()) {
      fail(ErrorKind::InvalidArgument, "{}: has no instructions; the first one must be FROM",
           name_);
    }
    return std::move(result_);
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail_at(int line, ErrorKind kind, fmt::format_string<Args...> format,
                            Args&&... args) {
    fail(kind, "{}:{}: {}", name_, line, fmt::format(format, std::forward<Args>(args)...));
  }

  // The next line with its line end.
  std::optional<std::string_view> next() {
    if (rest_.empty()) return std::nullopt;
    std::size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end == rest_.npos ? end : end + 1);
    rest_.remove_prefix(line.size());
    if (static_cast<std::size_t>(++number_) > kMaxDockerfileLines) {
      fail_at(number_, ErrorKind::ResourceExhausted, "more than {} lines", kMaxDockerfileLines);
    }
    return line;
  }

  static std::string_view without_line_end(std::string_view line) {
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  // Directives stand at the top of the file; the first line that is none ends them.
  void read_directives() {
    std::vector<std::string> seen;
    for (;;) {
      std::string_view line = rest_.substr(0, rest_.find('\n'));
      std::optional<Directive> directive = parse_directive(without_line_end(line));
      if (!directive) return;
      next();
      bool known =
          directive->name == "escape" || directive->name == "syntax" || directive->name == "check";
      if (!known) continue;
      if (std::find(seen.begin(), seen.end(), directive->name) != seen.end()) {
        fail_at(number_, ErrorKind::InvalidArgument, "directive '{}' is given twice",
                directive->name);
      }
      seen.push_back(directive->name);
      if (directive->name == "escape") {
        if (directive->value != "\\" && directive->value != "`") {
          fail_at(number_, ErrorKind::InvalidArgument,
                  "directive 'escape' must be \\ or `, not '{}'", directive->value);
        }
        result_.escape = directive->value[0];
      }
    }
  }

  // Takes the escape character off a line that goes on below; false where it ends.
  bool take_continuation(std::string_view& line) const {
    std::size_t last = line.find_last_not_of(" \t");
    if (last == line.npos || line[last] != result_.escape) return false;
    if (last != 0 && line[last - 1] == result_.escape) return false;
    line = line.substr(0, last);
    return true;
  }

  static bool is_comment(std::string_view line) {
    return without_leading_space(line).starts_with('#');
  }

  void read_instruction(std::string_view first) {
    std::string_view piece = without_leading_space(without_line_end(first));
    if (piece.empty() || piece.starts_with('#')) return;
    LogicalLine line{.number = number_};
    int empty_line = 0;
    bool goes_on = take_continuation(piece);
    line.text = piece;
    while (goes_on) {
      std::optional<std::string_view> more = next();
      if (!more) break;
      piece = without_line_end(*more);
      if (is_comment(piece)) continue;
      if (trimmed(piece).empty()) {
        empty_line = number_;
        continue;
      }
      goes_on = take_continuation(piece);
      if (line.text.size() + piece.size() > kMaxInstructionBytes) {
        fail_at(line.number, ErrorKind::ResourceExhausted,
                "the instruction is longer than {} bytes", kMaxInstructionBytes);
      }
      line.text += piece;
    }
    if (empty_line != 0) {
      result_.notices.push_back(
          {empty_line, "empty line inside an instruction; later versions may refuse it"});
    }
    line.text = trimmed(line.text);
    if (line.text.empty()) return;
    if (line.text.size() > kMaxInstructionBytes) {
      fail_at(line.number, ErrorKind::ResourceExhausted, "the instruction is longer than {} bytes",
              kMaxInstructionBytes);
    }
    if (result_.lines.size() == kMaxInstructions) {
      fail_at(line.number, ErrorKind::ResourceExhausted, "more than {} instructions",
              kMaxInstructions);
    }
    if (line.text.find("<<") != std::string::npos && may_have_heredocs(line.text)) {
      read_heredocs(line);
    }
    result_.lines.push_back(std::move(line));
  }

  void read_heredocs(LogicalLine& line) {
    std::vector<std::string> words = in_context(
        [&] { return fmt::format("{}:{}", name_, line.number); },
        [&] {
          return expand_words(line.text, {},
                              {.keep_quotes = true, .keep_escapes = true, .keep_unset = true});
        });
    for (const std::string& word : words) {
      Heredoc heredoc;
      if (!parse_heredoc_word(word, heredoc)) continue;
      if (line.heredocs.size() == kMaxHeredocsOfInstruction) {
        fail_at(line.number, ErrorKind::ResourceExhausted, "more than {} here-documents",
                kMaxHeredocsOfInstruction);
      }
      read_content(line, heredoc);
      line.heredocs.push_back(std::move(heredoc));
    }
  }

  void read_content(const LogicalLine& line, Heredoc& heredoc) {
    while (std::optional<std::string_view> content = next()) {
      std::string_view text = *content;
      if (heredoc.strip_tabs) {
        text.remove_prefix(std::min(text.find_first_not_of('\t'), text.size()));
      }
      if (without_line_end(text) == heredoc.name) return;
      if (heredoc.content.size() + text.size() > kMaxHeredocBytes) {
        fail_at(line.number, ErrorKind::ResourceExhausted,
                "here-document '{}' holds more than {} bytes", heredoc.name, kMaxHeredocBytes);
      }
      heredoc.content += text;
    }
    fail_at(line.number, ErrorKind::InvalidArgument,
            "here-document '<<{}' is never closed: expected a line '{}'", heredoc.name,
            heredoc.name);
  }

  std::string_view rest_;
  std::string_view name_;
  int number_ = 0;
  DockerfileLines result_;
};

}  // namespace

bool parse_heredoc_word(std::string_view word, Heredoc& heredoc) {
  word.remove_prefix(std::min(word.find_first_not_of("0123456789"), word.size()));
  if (!word.starts_with("<<")) return false;
  word.remove_prefix(2);
  heredoc.strip_tabs = word.starts_with('-');
  if (heredoc.strip_tabs) word.remove_prefix(1);
  if (word.empty() || word.find('<') != word.npos) return false;
  // Quotes around the name keep the content from being expanded.
  std::vector<std::string> names =
      expand_words(word, {}, {.keep_escapes = true, .keep_unset = true});
  if (names.size() != 1) return false;
  heredoc.expand = names[0] == word;
  heredoc.name = std::move(names[0]);
  return true;
}

DockerfileLines read_lines(std::string_view text, std::string_view name) {
  return LineReader(text, name).read();
}

}  // namespace wherry::build
