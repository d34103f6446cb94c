// Platforms as images and command lines name them: os/architecture[/variant].
//
// Wasm images in the wild are labelled wasi/wasm, wasi/wasm32, wasip1/wasm, wasip2/wasm, and by one
// publisher Wasip1/wasm; whoever asks for one of them means any of them. wasi/wasm is what we
// write.
#pragma once

#include <string>
#include <string_view>

namespace wherry::oci {

struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;

  bool operator==(const Platform&) const = default;
};

// Throws Error "platform 'x': …". Parts are lower-cased. "wasm" alone is wasi/wasm.
Platform parse_platform(std::string_view text);

std::string to_string(const Platform& platform);

// A member of the family above.
bool is_wasm(const Platform& platform);

// An image of `offered` serves who asked for `wanted`: both Wasm, or the same in every part.
bool matches(const Platform& wanted, const Platform& offered);

// What `wherry build` writes where nothing else is asked for.
inline Platform wasm_platform() { return {.os = "wasi", .architecture = "wasm", .variant = {}}; }

}  // namespace wherry::oci
