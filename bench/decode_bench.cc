// decode_bench MODULE [REPEATS]: how fast a module is decoded and validated, on one thread, by that
// thread's processor time. Prints "NAME NUMBER" lines: sizes in bytes, median times in seconds.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "base/error.h"
#include "mapped_file.h"
#include "wasm/format/decode.h"
#include "wasm/format/validate.h"

namespace wherry {
namespace {

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void measure(const char* path, int repeats) {
  const ByteSpan bytes = map_file(path);
  std::vector<double> decoding, validating, both;
  std::size_t code_bytes = 0, functions = 0;
  for (int i = 0; i < repeats; ++i) {
    const double start = thread_seconds();
    const wasm::Module module = wasm::decode(bytes);
    const double decoded = thread_seconds();
    wasm::validate(module, {.threads = 1});
    const double validated = thread_seconds();
    decoding.push_back(decoded - start);
    validating.push_back(validated - decoded);
    both.push_back(validated - start);
    functions = module.code.size();
    code_bytes = 0;
    for (const wasm::Code& code : module.code) code_bytes += code.body.size();
  }
  fmt::print("file_bytes {}\ncode_bytes {}\nfunctions {}\n", bytes.size(), code_bytes, functions);
  fmt::print("decode_seconds {:.6f}\nvalidate_seconds {:.6f}\nboth_seconds {:.6f}\n",
             median(decoding), median(validating), median(both));
}

}  // namespace
}  // namespace wherry

int main(int argc, char** argv) {
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 9;
  if (argc < 2 || repeats < 1) {
    fmt::print(stderr, "usage: decode_bench MODULE [REPEATS]\n");
    return 2;
  }
  try {
    wherry::measure(argv[1], repeats);
  } catch (const wherry::Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
  return 0;
}
