#include "oci/reference.h"

#include <algorithm>

#include "base/error.h"

namespace wherry::oci {
namespace {

constexpr std::string_view kDefaultDomain = "docker.io";
constexpr std::string_view kOldDefaultDomain = "index.docker.io";
constexpr std::string_view kOfficialPrefix = "library/";
constexpr std::string_view kDefaultTag = "latest";
constexpr std::size_t kLongestName = 255;  // domain and path together
constexpr std::size_t kLongestTag = 128;

bool is_lower(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_word(char c) { return is_lower(c) || is_upper(c) || c == '_'; }

// Runs of lower-case letters and digits, held together by '.', '_', '__' or any number of '-'.
bool is_path_component(std::string_view text) {
  std::size_t at = 0;
  auto skip_run = [&] {
    std::size_t start = at;
    while (at < text.size() && is_lower(text[at])) ++at;
    return at > start;
  };
  if (!skip_run()) return false;
  while (at < text.size()) {
    if (text[at] == '.') {
      ++at;
    } else if (text[at] == '_') {
      at += text.substr(at).starts_with("__") ? 2 : 1;
    } else if (text[at] == '-') {
      while (at < text.size() && text[at] == '-') ++at;
    } else {
      return false;
    }
    if (!skip_run()) return false;
  }
  return true;
}

// Host names, IPv4 addresses and bracketed IPv6 addresses, with an optional port.
bool is_domain(std::string_view text) {
  if (text.starts_with('[')) {
    std::size_t close = text.find(']');
    if (close == std::string_view::npos || close == 1) return false;
    bool address = std::ranges::all_of(text.substr(1, close - 1), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':';
    });
    if (!address) return false;
    text.remove_prefix(close + 1);
    if (text.empty()) return true;
    if (text[0] != ':') return false;
  } else {
    std::string_view host = text.substr(0, text.find(':'));
    text.remove_prefix(host.size());
    for (;;) {
      std::size_t dot = host.find('.');
      std::string_view label = host.substr(0, dot);
      if (label.empty() || label.front() == '-' || label.back() == '-') return false;
      if (!std::ranges::all_of(label,
                               [](char c) { return is_lower(c) || is_upper(c) || c == '-'; })) {
        return false;
      }
      if (dot == std::string_view::npos) break;
      host.remove_prefix(dot + 1);
    }
    if (text.empty()) return true;
  }
  text.remove_prefix(1);  // ':'
  return !text.empty() && text.size() <= 5 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= kLongestTag && is_word(text[0]) &&
         std::ranges::all_of(text, [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

bool looks_like_domain(std::string_view text) {
  return text == "localhost" || text.find_first_of(".:[") != std::string_view::npos ||
         std::ranges::any_of(text, is_upper);
}

bool is_image_id(std::string_view text) {
  return text.size() == 64 && parse_digest("sha256:" + std::string(text));
}

// What is wrong with text, or an empty view once reference holds it.
std::string_view read_reference(std::string_view text, Reference& reference) {
  std::string_view rest = text;
  if (rest.empty()) return "a name is missing";

  if (std::size_t at = rest.find('@'); at != std::string_view::npos) {
    reference.digest = parse_digest(rest.substr(at + 1));
    if (!reference.digest) return "what follows '@' is not a sha256 digest";
    rest = rest.substr(0, at);
  }
  std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && rest.find('/', colon) == std::string_view::npos) {
    std::string_view tag = rest.substr(colon + 1);
    if (!is_tag(tag)) {
      return "a tag is up to 128 letters, digits, '_', '.' or '-', not beginning with '.' or '-'";
    }
    reference.tag = tag;
    rest = rest.substr(0, colon);
  }
  if (reference.tag.empty() && !reference.digest) reference.tag = kDefaultTag;

  std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos && looks_like_domain(rest.substr(0, slash))) {
    reference.domain = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
    if (!is_domain(reference.domain)) return "the registry is not a host name";
    if (reference.domain == kOldDefaultDomain) reference.domain = kDefaultDomain;
  } else {
    reference.domain = kDefaultDomain;
  }
  reference.path = rest;
  if (rest.empty()) return "a name is missing";
  if (std::ranges::any_of(rest, is_upper)) return "repository name must be lowercase";
  for (std::string_view left = rest;;) {
    std::size_t end = left.find('/');
    if (!is_path_component(left.substr(0, end))) {
      return "a name is lower-case letters and digits, joined by '.', '_', '__' or '-'";
    }
    if (end == std::string_view::npos) break;
    left.remove_prefix(end + 1);
  }
  if (reference.domain == kDefaultDomain && rest.find('/') == std::string_view::npos) {
    if (is_image_id(rest)) {
      return "64 hexadecimal digits are an image ID, not a name";
    }
    reference.path = std::string(kOfficialPrefix) + reference.path;
  }
  if (reference.domain.size() + 1 + reference.path.size() > kLongestName) {
    return "a name is at most 255 characters";
  }
  return {};
}

}  // namespace

Reference parse_reference(std::string_view text) {
  Reference reference;
  std::string_view wrong = read_reference(text, reference);
  if (!wrong.empty()) {
    fail(ErrorKind::InvalidArgument, "invalid reference '{}': {}", text.substr(0, 300), wrong);
  }
  return reference;
}

std::optional<Reference> parse_reference_if_valid(std::string_view text) {
  Reference reference;
  if (!read_reference(text, reference).empty()) return std::nullopt;
  return reference;
}

std::string familiar_name(const Reference& reference) {
  std::string whole = reference.domain + "/" + reference.path;
  if (reference.domain != kDefaultDomain) return whole;
  std::string_view path = reference.path;
  std::size_t slash = path.find('/');
  if (path.starts_with(kOfficialPrefix) && path.find('/', slash + 1) == std::string_view::npos) {
    std::string_view official = path.substr(slash + 1);
    return std::string(is_image_id(official) ? path : official);
  }
  // docker.io/a.b/c without its domain would be c of the registry a.b.
  return looks_like_domain(path.substr(0, slash)) ? whole : std::string(path);
}

namespace {

std::string with_tag_and_digest(std::string name, const Reference& reference) {
  if (!reference.tag.empty()) name += ":" + reference.tag;
  if (reference.digest) name += "@" + to_string(*reference.digest);
  return name;
}

}  // namespace

std::string to_string(const Reference& reference) {
  return with_tag_and_digest(reference.domain + "/" + reference.path, reference);
}

std::string familiar(const Reference& reference) {
  return with_tag_and_digest(familiar_name(reference), reference);
}

}  // namespace wherry::oci
