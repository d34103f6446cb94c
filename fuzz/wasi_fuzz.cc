// Calls of preview 1 in any order with any arguments, over a small memory and a furnished directory.
//
// Looks for crashes, and for anything outside the directory that was read (a secret nobody could guess shows
// up in guest memory), made, changed or removed. The input is a script: a byte for the function, then one or
// more for each argument; a script can also write memory, and paths built from names that lead out.
#include <fcntl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <tuple>
#include <vector>

#include "wasm/wasi/functions.h"

namespace fs = std::filesystem;
using namespace wherry;
using wasi::u32;
using wasi::u64;

namespace {

constexpr u32 kMemorySize = 65536;
constexpr u32 kPaths = 0x1000;   // where scripted paths are put, 256 bytes each
constexpr u32 kVectors = 0x100;  // iovecs that are in order

// The script, read to its end and then zeros for ever.
class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  bool at_end() const { return left_ == 0; }
  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  u64 number(int bytes) {
    u64 value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8 | byte();
    return value;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

// What lies outside: top/secret, top/secrets/file, and top/inside, which is the guest's.
class World {
 public:
  World() {
    std::string name = (fs::temp_directory_path() / "wherry-wasi-fuzz-XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    top_ = name;
    std::array<unsigned char, 16> random;
    if (::getrandom(random.data(), random.size(), 0) < 0) std::abort();
    for (unsigned char byte : random) secret_ += static_cast<char>('a' + byte % 26);
    fs::create_directory(top_ / "secrets");
    std::ofstream(top_ / "secret") << secret_;
    std::ofstream(top_ / "secrets/file") << secret_;
    before_ = outside();
  }
  ~World() { fs::remove_all(top_); }

  void furnish() {
    fs::path inside = top_ / "inside";
    fs::remove_all(inside);
    fs::create_directories(inside / "d/d");
    std::ofstream(inside / "f") << "text";
    fs::create_symlink("../secrets", inside / "l");
    fs::create_symlink(top_ / "secrets", inside / "a");
    fs::create_symlink("../..", inside / "d/u");
    fs::create_symlink("d", inside / "s");
    fs::create_symlink("o", inside / "o");
    settled_ = stat_of(top_);
  }
  void check(const std::vector<std::uint8_t>& memory) const {
    if (std::search(memory.begin(), memory.end(), secret_.begin(), secret_.end()) != memory.end()) {
      std::fputs("a guest read a file outside its directory\n", stderr);
      std::abort();
    }
    if (outside() != before_ || stat_of(top_) != settled_) {
      std::fputs("a guest changed something outside its directory\n", stderr);
      std::abort();
    }
  }
  const fs::path& top() const { return top_; }

 private:
  using Stat = std::tuple<ino_t, mode_t, nlink_t, off_t, time_t, long, time_t, long>;

  static Stat stat_of(const fs::path& path) {
    struct stat status;
    if (::lstat(path.c_str(), &status) != 0) return {};
    return {status.st_ino,         status.st_mode,        status.st_nlink,
            status.st_size,        status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
            status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
  }
  std::vector<Stat> outside() const {
    return {stat_of(top_ / "secret"), stat_of(top_ / "secrets"), stat_of(top_ / "secrets/file")};
  }

  fs::path top_;
  std::string secret_;
  std::vector<Stat> before_;
  Stat settled_;
};

World& world() {
  static World world;
  return world;
}

class Run {
 public:
  Run(Script& script) : script_(script), memory_(kMemorySize), state_(options(script)) {
    for (u32 i = 0; i < 64; ++i) {
      view().store<u32>(kVectors + i * 8, 0x8000 + i * 64);
      view().store<u32>(kVectors + i * 8 + 4, 64);
    }
    put_path();
  }

  void step();
  const std::vector<std::uint8_t>& memory() const { return memory_; }

 private:
  wasm::GuestMemory view() { return {memory_.data(), memory_.size()}; }

  static wasi::Options options(Script& script) {
    wasi::Options options;
    options.arguments = {"guest", "argument"};
    options.environment = {"A=1"};
    options.standard_input.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    options.standard_output.reset(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    std::uint8_t choice = script.byte();
    options.preopens.push_back(
        {.name = "/",
         .directory = os::Fd(::open((world().top() / "inside").c_str(), O_RDONLY | O_CLOEXEC)),
         .scope = choice & 1 ? os::Scope::InRoot : os::Scope::Beneath});
    if (choice & 2) options.working_directory = "/d";
    options.max_descriptors = 32;
    return options;
  }

  // A path of a few names, at one of four places, its length at the first bytes of the place before it.
  void put_path() {
    static constexpr const char* kNames[] = {"..",   ".", "f",      "d",   "l",      "a",
                                             "u",    "s", "o",      "new", "secret", "secrets",
                                             "file", "",  "inside", "b"};
    std::string path;
    std::uint8_t shape = script_.byte();
    for (int i = shape & 3; i >= 0; --i) {
      path += kNames[script_.byte() % std::size(kNames)];
      if (i > 0 || shape & 4) path += '/';
    }
    path_length_ = static_cast<u32>(path.size());
    path_at_ = kPaths + (shape >> 6) * 256u;
    std::copy(path.begin(), path.end(), memory_.begin() + path_at_);
  }

  // Most arguments are of the plausible kinds, or hardly any call would get beyond its first check.
  template <typename T>
  T argument() {
    switch (std::uint8_t kind = script_.byte(); kind % 16) {
      case 0:
        return static_cast<T>(script_.number(sizeof(T)));
      case 1:
        return static_cast<T>(kMemorySize - script_.byte() % 16);
      case 2:
        return static_cast<T>(~u64{0});
      case 3:
      case 4:
        return static_cast<T>(path_at_);
      case 5:
      case 6:
        return static_cast<T>(path_length_);
      case 7:
        return static_cast<T>(kVectors);
      case 8:
        return static_cast<T>(0x8000 + script_.byte() * 8);
      case 9:
        return 3;
      default:
        return static_cast<T>(kind >> 4);
    }
  }

  // Waits must end: clocks are due within a millisecond, whatever the script wrote.
  template <std::size_t kSize, std::size_t kTimeout, std::size_t kFlags>
  void shorten_waits(u32 subscriptions) {
    for (u64 i = 0; i < wasi::kMaxSubscriptions; ++i) {
      u64 at = subscriptions + i * kSize;
      if (!view().bytes(at, kSize)) return;
      view().store<u64>(at + kTimeout, *view().load<u64>(at + kTimeout) & 0xfffff);
      view().store<std::uint16_t>(at + kFlags, 0);
    }
  }

  template <typename Result, typename... Params>
  void call(Result (*function)(wasi::State&, wasi::Memory, Params...)) {
    std::tuple<Params...> arguments{argument<Params>()...};
    if constexpr (sizeof...(Params) == 4) {
      if constexpr (std::is_same_v<decltype(arguments), std::tuple<u32, u32, u32, u32>>) {
        if (function == &wasi::poll_oneoff) shorten_waits<48, 24, 40>(std::get<0>(arguments));
        if (function == &wasi::unstable::poll_oneoff)
          shorten_waits<56, 32, 48>(std::get<0>(arguments));
      }
    }
    try {
      std::apply([&](Params... values) { return function(state_, view(), values...); }, arguments);
    } catch (const wasm::GuestExit&) {
      // Only these two functions end a guest, and here it goes on.
    }
  }

  Script& script_;
  std::vector<std::uint8_t> memory_;
  wasi::State state_;
  u32 path_at_ = kPaths;
  u32 path_length_ = 0;
};

void Run::step() {
  using Step = void (*)(Run&);
  static constexpr Step kSteps[] = {
#define WASI_FUNCTION(name) [](Run& run) { run.call(&wasi::name); },
#define WASI_CHANGED(name)                                              \
  WASI_FUNCTION(name)[](Run & run) { run.call(&wasi::unstable::name); } \
  ,
#define WASI_NEW(name) WASI_FUNCTION(name)
#include "wasm/wasi/functions.def"
#undef WASI_FUNCTION
#undef WASI_CHANGED
#undef WASI_NEW
      [](Run& run) { run.put_path(); },
      [](Run& run) { run.put_path(); },
      [](Run& run) {
        u64 at = run.script_.number(2);
        run.view().store<u64>(at, run.script_.number(8));
      },
  };
  kSteps[script_.byte() % std::size(kSteps)](*this);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  // A guest may ask for files as long as it likes; the disk is not ours alone.
  rlimit files{.rlim_cur = 16u << 20, .rlim_max = 16u << 20};
  ::setrlimit(RLIMIT_FSIZE, &files);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  world().furnish();
  Script script(data, size);
  Run run(script);
  for (int steps = 0; !script.at_end() && steps < 64; ++steps) run.step();
  world().check(run.memory());
  return 0;
}
