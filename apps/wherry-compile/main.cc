// wherry-compile MODULE ARTIFACT: native code of a module, ahead of time.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "os/fd.h"
#include "os/file.h"
#include "wasm/compiler/compile.h"
#include "wasm/format/decode.h"
#include "wasm/format/validate.h"

namespace wherry {
namespace {

constexpr const char* kUsage =
    "usage: wherry-compile [--quick] [--dump-ir FOLDER] [--dump-object FOLDER] MODULE ARTIFACT\n"
    "       wherry-compile --serve --module FD --output FD [--guest FD]\n"
    "       wherry-compile --environment\n";

void write_whole(const std::string& path, ByteSpan bytes) {
  // Under another name until it is whole: nobody ever finds half an artifact.
  const std::string partial = path + ".partial";
  const os::Fd file(
      sys([&] { return ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); },
          "create '{}'", partial));
  for (std::size_t done = 0; done < bytes.size();) {
    done += static_cast<std::size_t>(
        sys([&] { return ::write(file.get(), bytes.data() + done, bytes.size() - done); },
            "write '{}'", partial));
  }
  sys([&] { return ::fsync(file.get()); }, "write '{}'", partial);
  sys([&] { return ::rename(partial.c_str(), path.c_str()); }, "rename '{}'", partial);
}

// The number of an open descriptor.
int descriptor_of(const std::string& text) {
  int number = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || *end || ::fcntl(number, F_GETFD) < 0) {
    fail(ErrorKind::InvalidArgument, "'{}' is no open descriptor", text);
  }
  return number;
}

// Its offset stays as it is: whoever gave it may read it, too.
std::string read_whole(int file) {
  std::string text(os::file_size(file), '\0');
  for (std::size_t done = 0; done < text.size();) {
    const auto count = static_cast<std::size_t>(sys(
        [&] {
          return ::pread(file, text.data() + done, text.size() - done, static_cast<off_t>(done));
        },
        "read the module"));
    if (count == 0) text.resize(done);
    done += count;
  }
  return text;
}

std::string read_whole(const std::string& path) {
  const os::Fd file(
      sys([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }, "open '{}'", path));
  std::string text;
  std::string piece(1 << 20, '\0');
  for (;;) {
    const auto count = static_cast<std::size_t>(
        sys([&] { return ::read(file.get(), piece.data(), piece.size()); }, "read '{}'", path));
    if (count == 0) return text;
    text.append(piece, 0, count);
  }
}

struct Served {
  int module = -1;
  int output = -1;
  int guest = -1;
};

int serve(const Served& served, const wasm::CompileOptions& options) {
  if (served.module < 0 || served.output < 0) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  // Who asked for it is there to take it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::string bytes = read_whole(served.module);
  const wasm::Module module = wasm::decode(as_bytes(bytes));
  wasm::validate(module);
  os::write_all(served.output, wasm::compile(module, options));
  return 0;
}

int run(const std::vector<std::string>& arguments) {
  wasm::CompileOptions options;
  options.threads = std::thread::hardware_concurrency();
  std::vector<std::string> names;
  Served served;
  bool serves = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& each = arguments[i];
    if (each == "--environment") {
      std::printf("%s\n", wasm::compile_environment(options).c_str());
      return 0;
    }
    if (each == "--quick") {
      options.optimise = false;
    } else if (each == "--serve") {
      serves = true;
    } else if (each == "--module" && i + 1 < arguments.size()) {
      served.module = descriptor_of(arguments[++i]);
    } else if (each == "--output" && i + 1 < arguments.size()) {
      served.output = descriptor_of(arguments[++i]);
    } else if (each == "--guest" && i + 1 < arguments.size()) {
      served.guest = descriptor_of(arguments[++i]);
    } else if (each == "--dump-ir" && i + 1 < arguments.size()) {
      options.dump_ir = arguments[++i];
    } else if (each == "--dump-object" && i + 1 < arguments.size()) {
      options.dump_object = arguments[++i];
    } else {
      names.push_back(each);
    }
  }
  if (serves) return serve(served, options);
  if (names.size() != 2) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const std::string bytes = read_whole(names[0]);
  const wasm::Module module = wasm::decode(as_bytes(bytes));
  wasm::validate(module);
  write_whole(names[1], wasm::compile(module, options));
  return 0;
}

}  // namespace
}  // namespace wherry

int main(int argc, char** argv) {
  try {
    return wherry::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "wherry-compile: error: %s\n", error.what());
    return 1;
  }
}
