// wasi_runner [--dir HOST::GUEST]... [--root HOST] [--cwd DIR] [--env NAME=VALUE]... MODULE [ARGUMENT...]
//
// Runs one command module in this process, without a container, on the engine and src/wasm/wasi.
// --dir preopens a directory that nothing leads out of, --root one that acts as "/", in which --cwd is
// the working directory. Exits as the guest does; 134 for a trap, 125 where it cannot be run.
#include <fcntl.h>
#include <fmt/core.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "wasm/engine/engine.h"
#include "wasm/format/decode.h"
#include "wasm/format/validate.h"
#include "wasm/wasi/wasi.h"

namespace wherry {
namespace {

constexpr int kTrapped = 134;
constexpr int kCannotRun = 125;

struct Command {
  std::string module;
  wasi::Options options;
};

wasi::Preopen preopen(const std::string& host, std::string name, os::Scope scope) {
  int fd = sys([&] { return ::open(host.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); },
               "open '{}'", host);
  return {.name = std::move(name), .directory = os::Fd(fd), .scope = scope};
}

wasi::Preopen mapped_preopen(const std::string& mapping) {
  std::size_t at = mapping.find("::");
  if (at == std::string::npos) {
    fail(ErrorKind::InvalidArgument, "expected HOST::GUEST, found '{}'", mapping);
  }
  return preopen(mapping.substr(0, at), mapping.substr(at + 2), os::Scope::Beneath);
}

Command parse_command(const std::vector<std::string>& arguments) {
  Command command;
  std::size_t at = 0;
  for (; at + 1 < arguments.size() && arguments[at].starts_with("--"); at += 2) {
    const std::string& value = arguments[at + 1];
    if (arguments[at] == "--dir") {
      command.options.preopens.push_back(mapped_preopen(value));
    } else if (arguments[at] == "--root") {
      command.options.preopens.push_back(preopen(value, "/", os::Scope::InRoot));
    } else if (arguments[at] == "--cwd") {
      command.options.working_directory = value;
    } else if (arguments[at] == "--env") {
      command.options.environment.push_back(value);
    } else {
      fail(ErrorKind::InvalidArgument, "unknown option '{}'", arguments[at]);
    }
  }
  if (at >= arguments.size()) fail(ErrorKind::InvalidArgument, "no module named");
  command.module = arguments[at];
  command.options.arguments.assign(arguments.begin() + static_cast<std::ptrdiff_t>(at),
                                   arguments.end());
  wasi::inherit_standard_streams(command.options);
  return command;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(ErrorKind::NotFound, "cannot read '{}'", path);
  return {std::istreambuf_iterator<char>(file), {}};
}

int report(const wasm::Trap& trap) {
  fmt::print(stderr, "{}\n", wasm::to_string(trap));
  return kTrapped;
}

int run(Command command) {
  std::string bytes = read_file(command.module);
  wasm::Module module = wasm::decode(as_bytes(bytes));
  wasm::validate(module);
  wasi::Wasi wasi(std::move(command.options));
  wasm::Store store;
  auto made = store.instantiate(
      module, [&](const wasm::Import& import) { return wasi.resolve(store, import); });
  if (made.trap) return report(*made.trap);
  wasi::Outcome outcome = wasi::run_command(store, *made.instance);
  if (auto* trap = std::get_if<wasm::Trap>(&outcome)) return report(*trap);
  return static_cast<int>(std::get<std::uint32_t>(outcome));
}

}  // namespace
}  // namespace wherry

int main(int argc, char** argv) {
  try {
    return wherry::run(wherry::parse_command({argv + 1, argv + argc}));
  } catch (const wherry::Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return wherry::kCannotRun;
  }
}
