#include "oci/image.h"

#include <algorithm>

#include "base/error.h"

namespace wherry::oci {

bool is_index(std::string_view type) {
  return type == media_type::kIndex || type == media_type::kDockerIndex;
}

bool is_manifest(std::string_view type) {
  return type == media_type::kManifest || type == media_type::kDockerManifest;
}

bool is_wasm_layer(std::string_view type) {
  return type == media_type::kWasmLayer || type == media_type::kRunwasiLayer ||
         type == media_type::kWasmContentLayer;
}

Digest chain_id(const std::vector<Digest>& diff_ids) {
  WHERRY_CHECK(!diff_ids.empty());
  Digest chain = diff_ids[0];
  for (std::size_t i = 1; i < diff_ids.size(); ++i) {
    chain = digest_of(as_bytes(to_string(chain) + " " + to_string(diff_ids[i])));
  }
  return chain;
}

}  // namespace wherry::oci
