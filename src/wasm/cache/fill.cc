#include "wasm/cache/fill.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "os/file.h"
#include "os/interrupt.h"
#include "os/process.h"

namespace wherry::wasm {
namespace {

constexpr std::size_t kMaxWords = 1024;  // of what it said last

constexpr std::chrono::milliseconds kBetweenLooks(100);

// The numbers that the compiler knows its descriptors by.
constexpr int kModule = 3;
constexpr int kOutput = 4;
constexpr int kGuest = 5;
constexpr int kAbove = 6;  // ours are out of their way

os::Fd out_of_the_way(int descriptor) {
  return os::Fd(
      sys([&] { return ::fcntl(descriptor, F_DUPFD_CLOEXEC, kAbove); }, "duplicate a descriptor"));
}

// The last line that is not empty.
std::string last_words(int file) {
  const std::size_t size = os::file_size(file);
  std::string text(std::min(size, kMaxWords), '\0');
  const ssize_t got =
      ::pread(file, text.data(), text.size(), static_cast<off_t>(size - text.size()));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  while (text.ends_with('\n')) text.pop_back();
  text.erase(0, text.rfind('\n') + 1);
  constexpr std::string_view kOwnName = "wherry-compile: error: ";
  if (text.starts_with(kOwnName)) text.erase(0, kOwnName.size());
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return text;
}

// Ends it, and reaps it, whatever becomes of us.
class Running {
 public:
  explicit Running(const os::SpawnPlan& plan)
      : pid_(os::spawn(plan)), pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))) {}
  ~Running() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  os::ExitStatus wait(std::chrono::seconds limit) {
    pollfd watched{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      if (left.count() <= 0) {
        fail(ErrorKind::Unavailable, "it was not done after {} s, and was ended", limit.count());
      }
      if (::poll(&watched, 1, static_cast<int>(std::min(left, kBetweenLooks).count())) > 0) break;
      if (os::is_asked_to_end()) fail(ErrorKind::Unavailable, "interrupted");
    }
    int raw = 0;
    sys([&] { return ::waitpid(pid_, &raw, 0); }, "wait for it");
    pid_ = -1;
    return os::exit_status_of(raw);
  }

 private:
  pid_t pid_;
  os::Fd pidfd_;
};

}  // namespace

void run_compiler(const CompilerRun& run) {
  in_context([] { return std::string("compile"); },
             [&] {
               const os::Fd words(sys([] { return ::memfd_create("words", MFD_CLOEXEC); },
                                      "make a file in memory"));
               const os::Fd nothing(
                   sys([] { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }, "open '/dev/null'"));
               const os::Fd module = out_of_the_way(run.module);
               const os::Fd output = out_of_the_way(run.output);
               const os::Fd said = out_of_the_way(words.get());
               os::SpawnPlan plan{
                   .path = run.program,
                   .arguments = {"wherry-compile", "--serve", "--module", std::to_string(kModule),
                                 "--output", std::to_string(kOutput)},
                   .environment = std::vector<std::string>{},
                   .descriptors = {{nothing.get(), STDIN_FILENO},
                                   {nothing.get(), STDOUT_FILENO},
                                   {said.get(), STDERR_FILENO},
                                   {module.get(), kModule},
                                   {output.get(), kOutput}},
                   .apart = true};
               os::Fd guest;
               if (run.guest >= 0) {
                 guest = out_of_the_way(run.guest);
                 plan.descriptors.push_back({guest.get(), kGuest});
                 plan.arguments.insert(plan.arguments.end(), {"--guest", std::to_string(kGuest)});
               }
               plan.arguments.insert(plan.arguments.end(), run.options.begin(), run.options.end());
               const os::ExitStatus status = Running(plan).wait(run.limit);
               if (status == os::ExitStatus{}) return;
               const std::string said_last = last_words(words.get());
               if (!said_last.empty()) fail(ErrorKind::Unavailable, "{}", said_last);
               if (status.signal) {
                 fail(ErrorKind::Unavailable, "the compiler was ended by signal {}", status.signal);
               }
               fail(ErrorKind::Unavailable, "the compiler ended with code {}", status.code);
             });
}

os::Fd find_or_compile(const Cache& cache, const ArtifactKey& key, const std::string& compiler,
                       int module) {
  Cache::Begun begun = cache.begin(key, Cache::Others::AreWaitedFor);
  if (begun.found.is_open()) return std::move(begun.found);
  // Somebody waits for it: it stands back for nobody.
  run_compiler({.program = compiler,
                .module = module,
                .output = begun.entry->descriptor(),
                .options = {"--nice", "0"}});
  return begun.entry->commit();
}

}  // namespace wherry::wasm
