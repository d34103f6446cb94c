// The host module that scripts import from as "spectest".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "wasm/engine/engine.h"

namespace wherry::spec {

// Its functions print nothing: no script asserts what they print.
class Spectest {
 public:
  explicit Spectest(wasm::Store& store);

  std::optional<wasm::Extern> find(std::string_view name) const;

 private:
  std::map<std::string, wasm::Extern, std::less<>> externs_;
};

}  // namespace wherry::spec
