// The one action that calls containerd and waits for it.
#include <sys/socket.h>

#include "base/error.h"
#include "container/grpc/client.h"
#include "container/shim/actions.h"
#include "container/shim/bootstrap.h"
#include "container/shim/bundle_facts.h"
#include "container/shim/image_module.h"
#include "os/unix_socket.h"

namespace wherry::shim {

void fetch(const Invocation& invocation) {
  std::string bundle = invocation.bundle.empty() ? "." : invocation.bundle;
  BundleFacts facts = read_bundle_facts(bundle);
  const std::vector<std::string>& args = facts.entrypoint.process.args;
  in_context([] { return std::string("fetch the module from containerd"); },
             [&] {
               grpc::Client client(
                   os::connect_unix(path_of_address(invocation.address), SOCK_STREAM),
                   {.metadata = {{"containerd-namespace", invocation.namespace_name}}});
               fetch_module([&client](auto&&... call) { return client.call(call...); },
                            {.container = invocation.id,
                             .entrypoint = args.empty() ? std::string() : args[0],
                             .path = bundle + "/" + kModuleFile});
             });
}

}  // namespace wherry::shim
