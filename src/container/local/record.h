// What is known of a container on this machine. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wherry::container {

struct Record {
  std::string id;  // 64 hexadecimal digits
  std::string name;
  std::string image;    // as it was asked for
  std::string command;  // for people
  std::int64_t created = 0;
  bool remove_at_end = false;
  bool operator==(const Record&) const = default;
};

// Throws Error where it is no record.
Record parse_record(std::string_view text);
std::string to_json(const Record& record);

struct Exit {
  int code = 0;
  std::int64_t finished = 0;
};

struct Listed {
  Record record;
  bool running = false;
  std::optional<Exit> exit;  // none while it runs, and of one whose `wherry` was killed
};

}  // namespace wherry::container
