#include "container/runtime/confine.h"

#include <fcntl.h>
#include <sys/prctl.h>

#include "base/error.h"
#include "container/runtime/seccomp.h"
#include "os/fd.h"
#include "os/landlock.h"
#include "os/seccomp.h"

namespace wherry::container {

void confine(const oci::RuntimeConfig& config, const Workload& workload) {
  const std::optional<oci::RuntimeSeccomp>& configured = config.linux_section.seccomp;
  std::optional<os::SeccompPolicy> needed = workload.needed_calls();
  sys([] { return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }, "set no_new_privs");
  {
    os::Fd root(sys([] { return ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC); }, "open the root"));
    os::give_up_file_rights(root.get());
  }
  if (!needed && !configured) return;
  SeccompFilter filter = make_seccomp_filter(needed, configured);
  os::install_seccomp(filter.program, filter.flags);
}

}  // namespace wherry::container
