// A value in a runtime document (config.json and what is handed to `update`), with the way to it for
// messages. Unlike json_reader's, it takes numbers of all 64 bits (a limit may be "infinity") and
// refuses NUL, which a C string would end at.
//
// For the .cc files of this folder. A Field borrows the document: it must not outlive it.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"

namespace wherry::oci {

class Field {
 public:
  static constexpr std::size_t kMaxEntries = 65536;  // of any list

  // The document itself, whose name begins every message: "config.json".
  Field(const nlohmann::json* json, const char* document) : json_(json), document_(document) {}

  // A member; null and absent are the same.
  Field member(const char* name) const {
    std::string path = path_.empty() ? name : path_ + "." + name;
    if (!present()) return {nullptr, document_, std::move(path)};
    if (!json_->is_object()) refuse("an object");
    auto found = json_->find(name);
    return {found == json_->end() || found->is_null() ? nullptr : &*found, document_,
            std::move(path)};
  }
  bool present() const { return json_ != nullptr; }

  void read(std::string& into) const {
    if (!present()) return;
    if (!json_->is_string()) refuse("a string");
    into = json_->get_ref<const std::string&>();
    if (into.find('\0') != std::string::npos) refuse("a string without NUL");
  }
  void read(bool& into) const {
    if (!present()) return;
    if (!json_->is_boolean()) refuse("true or false");
    into = json_->get<bool>();
  }
  template <typename Number>
    requires std::is_unsigned_v<Number>
  void read(Number& into) const {
    if (!present()) return;
    if (!json_->is_number_unsigned() ||
        json_->get<std::uint64_t>() > std::numeric_limits<Number>::max()) {
      refuse("a number that is not negative");
    }
    into = static_cast<Number>(json_->get<std::uint64_t>());
  }
  void read(std::int64_t& into) const {
    if (!present()) return;
    bool fits = json_->is_number_integer() &&
                (!json_->is_number_unsigned() ||
                 json_->get<std::uint64_t>() <=
                     static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    if (!fits) refuse("a whole number");
    into = json_->get<std::int64_t>();
  }
  template <typename Value>
  void read(std::optional<Value>& into) const {
    if (present()) read(into.emplace());
  }
  template <typename Value>
  void read(std::vector<Value>& into) const {
    each([&](const Field& entry) { entry.read(into.emplace_back()); });
  }

  template <typename Read>
  void each(Read&& read_entry) const {
    if (!present()) return;
    if (!json_->is_array()) refuse("an array");
    if (json_->size() > kMaxEntries) refuse("an array of at most 65536 entries");
    for (std::size_t i = 0; i < json_->size(); ++i) {
      read_entry(Field(&(*json_)[i], document_, fmt::format("{}[{}]", path_, i)));
    }
  }
  template <typename Read>
  void each_member(Read&& read_entry) const {
    if (!present()) return;
    if (!json_->is_object()) refuse("an object");
    for (auto entry = json_->begin(); entry != json_->end(); ++entry) {
      read_entry(entry.key(), Field(&entry.value(), document_, path_ + "." + entry.key()));
    }
  }

  // Throws Error(InvalidArgument) "config.json: process.args: expected an array".
  [[noreturn]] void refuse(const char* expected) const {
    fail(ErrorKind::InvalidArgument, "{}: {}: expected {}", document_,
         path_.empty() ? "the document" : path_, expected);
  }

 private:
  Field(const nlohmann::json* json, const char* document, std::string path)
      : json_(json), document_(document), path_(std::move(path)) {}

  const nlohmann::json* json_;
  const char* document_;
  std::string path_;
};

}  // namespace wherry::oci
