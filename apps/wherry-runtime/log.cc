#include <cstdio>
#include <ctime>

#include "runtime.h"

namespace wherry::runtime {
namespace {

// Within the quotes of JSON, and of logfmt, which quotes alike.
std::string quoted(const std::string& text) {
  std::string result;
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n') {
      result += "\\n";
    } else {
      result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return result;
}

}  // namespace

void log_line(const Globals& globals, const char* level, const std::string& message) noexcept {
  if (globals.log.empty()) return;
  std::FILE* log = std::fopen(globals.log.c_str(), "ae");
  if (!log) return;
  char when[32];
  std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
  std::string text = quoted(message);
  if (globals.log_format == "json") {
    std::fprintf(log, "{\"level\":\"%s\",\"msg\":\"%s\",\"time\":\"%s\"}\n", level, text.c_str(),
                 when);
  } else {
    std::fprintf(log, "time=\"%s\" level=%s msg=\"%s\"\n", when, level, text.c_str());
  }
  std::fclose(log);
}

}  // namespace wherry::runtime
