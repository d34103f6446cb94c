// containerd's shim: reads how it was called, does that, prints what went wrong.
//
// containerd reads standard output and standard error of `start` as one: nothing is written to the
// latter but the reason of a failure.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "container/shim/actions.h"

namespace {

using namespace wherry;

void act(const std::vector<std::string>& arguments) {
  shim::Invocation invocation = shim::parse_invocation(arguments);
  shim::read_environment(invocation);
  switch (invocation.action) {
    case shim::Action::Start:
      return shim::start(invocation);
    case shim::Action::Delete:
      return shim::clean_up(invocation);
    case shim::Action::Info:
      return shim::show_info();
    case shim::Action::Version:
      return shim::print_bytes("containerd-shim-wherry-v1:\n  Version:  " WHERRY_VERSION "\n");
    case shim::Action::Serve:
      return shim::serve(invocation);
    case shim::Action::Fetch:
      return shim::fetch(invocation);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    act({argv + std::min(argc, 1), argv + argc});
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "containerd-shim-wherry-v1: error: %s\n", error.what());
    return 1;
  }
}
