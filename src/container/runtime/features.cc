#include "container/runtime/features.h"

#include "container/runtime/mount_options.h"
#include "container/runtime/seccomp.h"
#include "oci/runtime_hooks.h"
#include "os/capabilities.h"
#include "os/namespaces.h"

namespace wherry::container {

oci::RuntimeFeatures runtime_features() {
  oci::RuntimeFeatures known{
      .hooks = {},
      .mount_options = mount_option_names(),
      .namespaces = os::namespace_names(),
      .capabilities = os::capability_names(),
      .cgroup_v1 = true,
      .cgroup_v2 = true,
      .systemd = true,
      .systemd_user = true,
      .rdma = true,
      .seccomp = seccomp_features(),
      .annotations = {{"org.wherry.version", WHERRY_VERSION}, {"run.oci.crun.wasm", "true"}},
      .unsafe_annotations = {"module.wasm.image/variant", "org.wherry.", "run.oci.handler"}};
  for (const oci::RuntimeHookStage& stage : oci::kRuntimeHookStages) {
    known.hooks.emplace_back(stage.name);
  }
  return known;
}

}  // namespace wherry::container
