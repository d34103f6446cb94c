#include "oci/json_reader.h"

#include <algorithm>

namespace wherry::oci {
namespace {

// The parser itself does not recurse, but what walks its result does.
bool nests_deeper_than(std::string_view text, std::size_t limit) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limit) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

nlohmann::json parse_document(std::string_view text, std::size_t max_bytes, std::string_view what) {
  if (text.size() > max_bytes) {
    fail(ErrorKind::InvalidArgument, "{}: {} bytes are more than the limit of {}", what,
         text.size(), max_bytes);
  }
  if (nests_deeper_than(text, kMaxNesting)) {
    fail(ErrorKind::InvalidArgument, "{}: nested deeper than {} levels", what, kMaxNesting);
  }
  nlohmann::json document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) fail(ErrorKind::InvalidArgument, "{}: not a JSON document", what);
  if (!document.is_object()) fail(ErrorKind::InvalidArgument, "{}: not a JSON object", what);
  return document;
}

std::string print_document(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Reader::wrong(std::string_view what) const {
  fail(ErrorKind::InvalidArgument, "{}: {}", path_, what);
}

void Reader::require_object() const {
  if (!value_.is_object()) wrong("not an object");
}

std::optional<Reader> Reader::find(const char* name) const {
  require_object();
  auto found = value_.find(name);
  if (found == value_.end() || found->is_null()) return std::nullopt;
  return Reader(*found, path_ + ": " + name);
}

Reader Reader::field(const char* name) const {
  auto found = find(name);
  if (!found) wrong(fmt::format("'{}' is missing", name));
  return *found;
}

std::vector<Reader> Reader::elements() const {
  if (!value_.is_array()) wrong("not an array");
  std::vector<Reader> all;
  for (std::size_t i = 0; i < value_.size(); ++i) {
    all.emplace_back(value_[i], fmt::format("{}[{}]", path_, i));
  }
  return all;
}

std::string Reader::text() const {
  if (!value_.is_string()) wrong("not a string");
  const auto& text = value_.get_ref<const std::string&>();
  if (text.find('\0') != std::string::npos) wrong("has a NUL character in it");
  return text;
}

std::uint64_t Reader::size() const {
  if (!value_.is_number_integer()) wrong("not a whole number");
  if (value_.is_number_unsigned()) {
    auto number = value_.get<std::uint64_t>();
    if (number >> 63) wrong("too large");
    return number;
  }
  auto number = value_.get<std::int64_t>();
  if (number < 0) wrong("negative");
  return static_cast<std::uint64_t>(number);
}

Digest Reader::digest() const {
  std::string written = text();
  auto digest = parse_digest(written);
  if (!digest) wrong(fmt::format("'{}' is not a sha256 digest", written.substr(0, 100)));
  return *digest;
}

std::vector<std::string> Reader::texts() const {
  std::vector<std::string> all;
  for (const Reader& element : elements()) all.push_back(element.text());
  return all;
}

std::map<std::string, std::string> Reader::text_map() const {
  require_object();
  std::map<std::string, std::string> all;
  for (const auto& [key, value] : value_.items()) {
    all.emplace(key, Reader(value, path_ + ": " + key).text());
  }
  return all;
}

std::vector<std::string> Reader::keys() const {
  require_object();
  std::vector<std::string> all;
  for (const auto& [key, value] : value_.items()) all.push_back(key);
  return all;
}

std::string Reader::text_or_empty(const char* name) const {
  auto found = find(name);
  return found ? found->text() : std::string();
}

std::vector<std::string> Reader::texts_or_empty(const char* name) const {
  auto found = find(name);
  return found ? found->texts() : std::vector<std::string>();
}

std::map<std::string, std::string> Reader::text_map_or_empty(const char* name) const {
  auto found = find(name);
  return found ? found->text_map() : std::map<std::string, std::string>();
}

std::vector<std::string> Reader::keys_or_empty(const char* name) const {
  auto found = find(name);
  return found ? found->keys() : std::vector<std::string>();
}

std::vector<Reader> Reader::elements_or_empty(const char* name) const {
  auto found = find(name);
  return found ? found->elements() : std::vector<Reader>();
}

bool Reader::flag_or_false(const char* name) const {
  auto found = find(name);
  if (!found) return false;
  if (!found->value_.is_boolean()) found->wrong("not true or false");
  return found->value_.get<bool>();
}

}  // namespace wherry::oci
