// wherry-compile MODULE ARTIFACT: native code of a module, ahead of time.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

int run(const std::vector<std::string>& arguments) {
  wasm::CompileOptions options;
  options.threads = std::thread::hardware_concurrency();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& each = arguments[i];
    if (each == "--environment") {
      std::printf("%s\n", wasm::compile_environment(options).c_str());
      return 0;
    }
    if (each == "--quick") {
      options.optimise = false;
    } else if (each == "--dump-ir" && i + 1 < arguments.size()) {
      options.dump_ir = arguments[++i];
    } else if (each == "--dump-object" && i + 1 < arguments.size()) {
      options.dump_object = arguments[++i];
    } else {
      names.push_back(each);
    }
  }
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
