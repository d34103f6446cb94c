// One JSON document read field by field, with errors that say where in it something is wrong.
//
// For the .cc files of this folder. A Reader borrows the document: it must not outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/error.h"

namespace wherry::oci {

inline constexpr std::size_t kMaxNesting = 64;

// Parses text whose size and nesting are within limits. `what` begins every error: "image
// manifest".
nlohmann::json parse_document(std::string_view text, std::size_t max_bytes, std::string_view what);

// Text that is not UTF-8 is printed with replacement characters rather than refused.
std::string print_document(const nlohmann::json& document);

class Reader {
 public:
  Reader(const nlohmann::json& value, std::string path) : value_(value), path_(std::move(path)) {}

  [[noreturn]] void wrong(std::string_view what) const;
  const std::string& path() const { return path_; }

  // The field called name; nothing where it is absent or null. Requires of the input: an object.
  std::optional<Reader> find(const char* name) const;
  // Throws where there is none.
  Reader field(const char* name) const;
  // The elements of an array, or of nothing.
  std::vector<Reader> elements() const;

  std::string text() const;
  std::uint64_t size() const;  // below 2^63
  Digest digest() const;
  std::vector<std::string> texts() const;
  std::map<std::string, std::string> text_map() const;
  // The keys of an object whose values mean nothing: {"80/tcp": {}}.
  std::vector<std::string> keys() const;

  // The usual case: an absent field is an empty value.
  std::string text_or_empty(const char* name) const;
  std::vector<std::string> texts_or_empty(const char* name) const;
  std::map<std::string, std::string> text_map_or_empty(const char* name) const;
  std::vector<std::string> keys_or_empty(const char* name) const;
  std::vector<Reader> elements_or_empty(const char* name) const;
  bool flag_or_false(const char* name) const;

 private:
  void require_object() const;

  const nlohmann::json& value_;
  std::string path_;
};

}  // namespace wherry::oci
