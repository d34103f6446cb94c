// host_call_bench MODULE CALLS: nanoseconds a call from the guest to a host function that does next to nothing,
// and back, the loop around it taken off. MODULE is programs/host_loop.c; WHERRY_ARTIFACT
// names its compiled code, as for engine_bench.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>

#include "find_artifact.h"
#include "mapped_file.h"
#include "wasm/engine/engine.h"
#include "wasm/format/decode.h"
#include "wasm/format/validate.h"

namespace wherry {
namespace {

constexpr int kPasses = 15;

wasm::TrapKind nothing(void*, wasm::HostCall& call) {
  call.return_i32(call.i32(0) + 1);
  return wasm::TrapKind::None;
}

// Nanoseconds a round, the least of some passes.
double round_of(wasm::Store& store, wasm::Instance& instance, const char* name,
                std::uint32_t count) {
  auto* function = std::get<wasm::Function*>(*find_export(instance, name));
  auto least = std::chrono::nanoseconds::max();
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto begin = std::chrono::steady_clock::now();
    const wasm::CallResult result = store.call(function, std::vector{wasm::Value::i32(count)});
    least = std::min(least, std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin));
    const auto* values = std::get_if<wasm::Values>(&result);
    if (!values || values->at(0).as<std::uint32_t>() != count) {
      fail(ErrorKind::Internal, "'{}' came to something else than {}", name, count);
    }
  }
  return static_cast<double>(least.count()) / count;
}

void run(const char* path, std::uint32_t count) {
  const ByteSpan bytes = map_file(path);
  const wasm::Module module = wasm::decode(bytes);
  wasm::validate(module);
  wasm::Store store;
  auto made = store.instantiate(
      module,
      [&](const wasm::Import&) {
        const wasm::FuncType type{{wasm::ValType::I32}, {wasm::ValType::I32}};
        return wasm::Extern(store.host_function(type, nothing, nullptr));
      },
      find_artifact(bytes));
  const double calls = round_of(store, *made.instance, "calls", count);
  fmt::print("host_call {:.2f}\n", calls - round_of(store, *made.instance, "empty", count));
}

}  // namespace
}  // namespace wherry

int main(int argc, char** argv) {
  if (argc != 3 || std::atoi(argv[2]) < 1) {
    fmt::print(stderr, "usage: host_call_bench MODULE CALLS\n");
    return 2;
  }
  try {
    wherry::run(argv[1], static_cast<std::uint32_t>(std::atoi(argv[2])));
    return 0;
  } catch (const wherry::Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
