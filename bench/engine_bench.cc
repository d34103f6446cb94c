// engine_bench MODULE [ARGS...]: runs a command module in this process, with no container around it:
// what the engine itself costs, and a place to profile it. WHERRY_ARTIFACT: its compiled code, of
// wherry-compile.
#include <fmt/format.h>

#include <cstdio>
#include <variant>

#include "base/error.h"
#include "find_artifact.h"
#include "mapped_file.h"
#include "wasm/engine/engine.h"
#include "wasm/format/decode.h"
#include "wasm/format/validate.h"
#include "wasm/wasi/wasi.h"

namespace wherry {
namespace {

int run(int argc, char** argv) {
  const ByteSpan bytes = map_file(argv[1]);
  const wasm::Module module = wasm::decode(bytes);
  wasm::validate(module);

  wasi::Options options;
  options.arguments.assign(argv + 1, argv + argc);
  wasi::inherit_standard_streams(options);
  wasi::Wasi wasi(std::move(options));
  wasm::Store store;
  auto made = store.instantiate(
      module, [&](const wasm::Import& import) { return wasi.resolve(store, import); },
      find_artifact(bytes));
  if (made.trap) fail(ErrorKind::FailedPrecondition, "{}", to_string(*made.trap));
  wasi::Outcome outcome = wasi::run_command(store, *made.instance);
  if (const auto* trap = std::get_if<wasm::Trap>(&outcome)) {
    fail(ErrorKind::FailedPrecondition, "{}", to_string(*trap));
  }
  return static_cast<int>(std::get<std::uint32_t>(outcome));
}

}  // namespace
}  // namespace wherry

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: engine_bench MODULE [ARGS...]\n");
    return 2;
  }
  try {
    return wherry::run(argc, argv);
  } catch (const wherry::Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
