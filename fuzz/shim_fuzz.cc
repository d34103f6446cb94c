// What containerd and its clients hand to a shim: the input of `start`, runtime options, names of
// streams, mount options, a bundle's config.json, a runtime's log.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "container/shim/bootstrap.h"
#include "container/shim/bootstrap.pb.h"
#include "container/shim/bundle_facts.h"
#include "container/shim/options.h"
#include "container/shim/rootfs.h"
#include "container/shim/runtime_command.h"
#include "container/shim/streams.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  shim::Invocation invocation{.namespace_name = "default", .id = "web", .has_grpc_address = true};
  shim::Bootstrap bootstrap = shim::parse_bootstrap(text, invocation);
  WHERRY_CHECK(bootstrap.dialect != shim::Dialect::Plain);
  shim::wire::Any options;
  if (options.ParseFromArray(data, static_cast<int>(size))) shim::parse_options(options);
  shim::parse_options_toml(text);
  shim::last_message(text);
  auto [uri, malformed] = outcome_of([&] { return shim::parse_stream_uri(text); });
  if (uri && uri->scheme != "fifo") WHERRY_CHECK(uri->path.starts_with('/'));
  auto [facts, not_json] = outcome_of([&] { return shim::parse_bundle_facts(text); });
  if (facts) WHERRY_CHECK(!shim::group_of(*facts, "web").empty());
  std::string overlay(text);
  std::string directory = shim::shorten_overlay(overlay);
  WHERRY_CHECK(overlay.size() <= text.size());
  WHERRY_CHECK(directory.empty() || directory.starts_with('/') ||
               text.find(directory) != text.npos);
  return 0;
}
