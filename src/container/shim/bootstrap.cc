#include "container/shim/bootstrap.h"

#include <sys/un.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "container/shim/bootstrap.pb.h"

namespace wherry::shim {
namespace {

constexpr std::string_view kScheme = "unix://";
// The version of the shim API that containerd is to speak: it refuses what it does not know, and
// those that send BootstrapParams know 3.
constexpr int kJsonVersion = 2;
constexpr int kProtobufVersion = 3;
constexpr const char* kSocketDirectory = "/run/containerd/s";

}  // namespace

Bootstrap parse_bootstrap(std::string_view input, const Invocation& invocation) {
  wire::BootstrapParams params;
  bool is_params = !input.empty() && input.size() <= kMaxBootstrapBytes &&
                   params.ParseFromArray(input.data(), static_cast<int>(input.size())) &&
                   params.instance_id() == invocation.id &&
                   params.namespace_() == invocation.namespace_name;
  Bootstrap bootstrap{.dialect = invocation.has_grpc_address ? Dialect::Json : Dialect::Plain,
                      .socket_directory = {},
                      .ttrpc_address = invocation.ttrpc_address,
                      .grpc_address = invocation.address};
  if (!is_params) return bootstrap;
  bootstrap.dialect = Dialect::Protobuf;
  bootstrap.socket_directory = params.socket_dir();
  if (!params.containerd_ttrpc_address().empty()) {
    bootstrap.ttrpc_address = params.containerd_ttrpc_address();
  }
  if (!params.containerd_grpc_address().empty()) {
    bootstrap.grpc_address = params.containerd_grpc_address();
  }
  return bootstrap;
}

std::string bootstrap_answer(Dialect dialect, const std::string& address) {
  switch (dialect) {
    case Dialect::Plain:
      return address;
    case Dialect::Json:
      // A path that we chose: it has nothing in it that JSON would quote.
      return fmt::format(R"({{"version":{},"address":"{}","protocol":"ttrpc"}})", kJsonVersion,
                         address);
    case Dialect::Protobuf: {
      wire::BootstrapResult result;
      result.set_version(kProtobufVersion);
      result.set_address(address);
      result.set_protocol("ttrpc");
      return result.SerializeAsString();
    }
  }
  return {};
}

std::string socket_path(const std::string& directory, const Invocation& invocation,
                        std::string_view group) {
  std::string name = fmt::format("{}/{}/{}", invocation.address, invocation.namespace_name, group);
  std::string path = fmt::format("{}/{}", directory.empty() ? kSocketDirectory : directory,
                                 digest_of(as_bytes(name)).hex());
  // containerd connects by the path alone.
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    fail(ErrorKind::InvalidArgument, "the socket's path '{}' is longer than {} bytes", path,
         sizeof(sockaddr_un::sun_path) - 1);
  }
  return path;
}

std::string path_of_address(std::string_view address) {
  if (address.starts_with(kScheme)) address.remove_prefix(kScheme.size());
  return std::string(address);
}

}  // namespace wherry::shim
