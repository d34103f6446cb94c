#include "container/local/record.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace wherry::container {

Record parse_record(std::string_view text) {
  nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  auto field = [&](const char* name) {
    auto found = json.is_object() ? json.find(name) : json.end();
    if (json.is_discarded() || !json.is_object() || found == json.end()) {
      fail(ErrorKind::DataLoss, "a container's record is damaged: it has no field '{}'", name);
    }
    return *found;
  };
  auto text_of = [&](const char* name) {
    nlohmann::json value = field(name);
    if (!value.is_string()) {
      fail(ErrorKind::DataLoss, "a container's record is damaged: '{}' is no text", name);
    }
    return value.get<std::string>();
  };
  nlohmann::json created = field("created");
  nlohmann::json remove = field("removeAtEnd");
  return {.id = text_of("id"),
          .name = text_of("name"),
          .image = text_of("image"),
          .command = text_of("command"),
          .created = created.is_number_integer() ? created.get<std::int64_t>() : 0,
          .remove_at_end = remove.is_boolean() && remove.get<bool>()};
}

std::string to_json(const Record& record) {
  nlohmann::json json = {{"id", record.id},           {"name", record.name},
                         {"image", record.image},     {"command", record.command},
                         {"created", record.created}, {"removeAtEnd", record.remove_at_end}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace wherry::container
