// Points in time as OCI documents write them (RFC 3339): "2024-05-01T12:00:00Z".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wherry::oci {

// Seconds since 1970, in UTC. Requires: a year of four digits.
std::string format_timestamp(std::int64_t seconds);

// Fractions of a second are cut off, offsets from UTC applied. Nothing where text is not a
// timestamp.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

}  // namespace wherry::oci
