// What a server sends to a client: any bytes are an answer, an outcome or one Error, and no message is
// longer than allowed.
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "container/grpc/client.h"
#include "container/ttrpc/ttrpc.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry;
  constexpr std::size_t kFitsASocket = 1u << 16;
  constexpr std::size_t kMaxMessage = 4096;
  int ends[2];
  sys([&] { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends); }, "make a pair");
  os::Fd server(ends[1]);
  grpc::Client client(os::Fd(ends[0]), {.metadata = {{"containerd-namespace", "default"}},
                                        .max_message_bytes = kMaxMessage});
  size = std::min(size, kFitsASocket);
  WHERRY_CHECK(::send(server.get(), data, size, 0) == static_cast<ssize_t>(size));
  ::shutdown(server.get(), SHUT_WR);
  ttrpc::wire::KeyValue request;
  request.set_key("key");
  outcome_of([&] {
    return client.call("/test.Service/Method", request, [&](std::string_view message) {
      WHERRY_CHECK(message.size() <= kMaxMessage);
    });
  });
  return 0;
}
