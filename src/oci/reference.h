// Names of images: [domain/]path[:tag][@digest], with Docker's defaults.
//
//   hello                 docker.io/library/hello:latest
//   demo/hello:1.0        docker.io/demo/hello:1.0
//   localhost:5000/hello  localhost:5000/hello:latest
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace wherry::oci {

struct Reference {
  std::string domain;  // "docker.io", "localhost:5000"
  std::string path;    // "library/hello"
  std::string tag;     // empty where only a digest was given
  std::optional<Digest> digest;

  bool operator==(const Reference&) const = default;
};

// Fills in the defaults. Throws Error "invalid reference 'X': …".
Reference parse_reference(std::string_view text);

// Nothing where text is not a reference: for what may be something else, such as an image ID.
std::optional<Reference> parse_reference_if_valid(std::string_view text);

// "docker.io/library/hello:latest", "…@sha256:…".
std::string to_string(const Reference& reference);

// As people write it: without docker.io/ and library/. The tag stays: "hello:latest".
std::string familiar(const Reference& reference);

// As `docker images` prints its first column: familiar, without tag and digest.
std::string familiar_name(const Reference& reference);

}  // namespace wherry::oci
