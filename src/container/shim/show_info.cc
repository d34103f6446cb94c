#include "container/runtime/features.h"
#include "container/shim/actions.h"
#include "container/shim/bootstrap.pb.h"

namespace wherry::shim {

void show_info() {
  wire::RuntimeInfo info;
  info.set_name("io.containerd.wherry.v1");
  info.mutable_version()->set_version(WHERRY_VERSION);
  info.mutable_features()->set_type_url(
      "types.containerd.io/opencontainers/runtime-spec/1/features/Features");
  info.mutable_features()->set_value(to_json(container::runtime_features()));
  print_bytes(info.SerializeAsString());
}

}  // namespace wherry::shim
