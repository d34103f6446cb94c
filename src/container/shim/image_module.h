// The module of an image that has it as a layer, without a file system around it: fetched from
// containerd's content store.
//
//   container ─▶ image ─▶ [index ─▶] manifest ─▶ the one layer that is a module
//
// Such images are runwasi's (a usual configuration, layers of Wasm) and the CNCF's Wasm artifact (no
// entrypoint either). Which of them it is does not matter: the types of the layers tell.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "container/grpc/client.h"

namespace wherry::shim {

// A call to containerd: grpc::Client::call.
using Containerd = std::function<grpc::Answer(std::string_view method,
                                              const google::protobuf::MessageLite& request,
                                              const grpc::Client::OnMessage& on_message)>;

struct ModuleRequest {
  std::string container;
  std::string entrypoint;  // args[0] of its config.json
  std::string path;        // where the module is put, at once and for its owner alone
};

// Puts the module in place where there is one. False where the container or its image is unknown, where
// no layer of it is a module, and where a module is but one of an index's images and the entrypoint is
// not named like one: then it is a Linux program that is missing. Throws Error: Unimplemented for an
// image of several modules, DataLoss for a blob that is not what its digest says.
bool fetch_module(const Containerd& containerd, const ModuleRequest& request);

}  // namespace wherry::shim
