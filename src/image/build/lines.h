// The first reading of a Dockerfile: directives, comments, continued lines and here-documents
// become logical lines, each with the number of the line it starts on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wherry::build {

// Text given in the Dockerfile itself: COPY <<NAME /file … NAME.
struct Heredoc {
  std::string name;
  bool expand = true;       // the name was written without quotes
  bool strip_tabs = false;  // <<-NAME
  std::string content;

  bool operator==(const Heredoc&) const = default;
};

// The here-document that a word such as <<EOF or 3<<-"EOF" announces, without its content. False
// where the word is none.
bool parse_heredoc_word(std::string_view word, Heredoc& heredoc);

struct LogicalLine {
  int number = 0;    // of its first line, from 1
  std::string text;  // continued lines joined, without leading and trailing space
  std::vector<Heredoc> heredocs;
};

// Something worth telling the user that stops nothing.
struct Notice {
  int line = 0;
  std::string text;
};

struct DockerfileLines {
  char escape = '\\';
  std::vector<LogicalLine> lines;
  std::vector<Notice> notices;
};

// Throws Error "name:LINE: …". Limits are in limits.h.
DockerfileLines read_lines(std::string_view text, std::string_view name);

}  // namespace wherry::build
