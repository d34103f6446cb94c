// The process that is left behind has nothing of the caller's: no descriptor (whoever waits for the end of a
// stream would wait for it), no session, no signal, no folder. It belongs to no container's cgroup, so that
// what it does is not the guest's to pay, and it ends with the guest until it has begun to compile. From then on
// it finishes, for the cache, whatever becomes of the guest: the next start has the use of it.
#include "container/workload/native_code.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/error.h"
#include "os/clone.h"
#include "os/file.h"
#include "wasm/artifact/environment.h"
#include "wasm/artifact/handover.h"
#include "wasm/cache/cache.h"
#include "wasm/cache/fill.h"
#include "wasm/format/decode.h"
#include "wasm/format/limits.h"

namespace wherry::container {
namespace {

namespace handover = wasm::handover;
using std::chrono::milliseconds;

// A guest that ends by then costs nobody a compilation.
constexpr milliseconds kLasts(100);
constexpr milliseconds kBetweenLooks(200);
// So long after all of its module was compiled a guest may ask for a loop, so many at a time.
constexpr milliseconds kAsksForLoops(10'000);
constexpr unsigned kMaxLoops = 64;
constexpr int kNice = 10;  // the compiler's, too

// Whether it may be one. What is none, or too big, is refused where it is loaded.
bool is_module(int file) {
  if (os::file_size(file) > wasm::limits::kModuleBytes) return false;
  std::array<std::uint8_t, 8> start{};
  return ::pread(file, start.data(), start.size(), 0) == static_cast<ssize_t>(start.size()) &&
         wasm::has_wasm_magic(start);
}

// Whether something happened at the guest's end by then: it said something, or it is gone.
enum class Guest : std::uint8_t { Silent, Spoke, Gone };
Guest look_at(int socket, short events, milliseconds time) {
  pollfd watched{.fd = socket, .events = events, .revents = 0};
  const int ready = ::poll(&watched, 1, static_cast<int>(time.count()));
  if (ready <= 0) return Guest::Silent;
  if (watched.revents & (POLLHUP | POLLERR | POLLNVAL)) return Guest::Gone;
  return watched.revents & POLLIN ? Guest::Spoke : Guest::Gone;
}

void close_all_but(std::initializer_list<int> kept) {
  const os::Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int stream = 0; stream <= 2; ++stream) ::dup2(nothing.get(), stream);
  std::vector<int> sorted(kept);
  std::ranges::sort(sorted);
  unsigned next = 3;
  for (int descriptor : sorted) {
    const auto end = static_cast<unsigned>(descriptor);
    if (end > next) ::syscall(SYS_close_range, next, end - 1, 0);
    next = std::max(next, end + 1);
  }
  ::syscall(SYS_close_range, next, ~0u, 0);
}

void stand_alone() {
  ::setsid();
  (void)!::chdir("/");
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number : {SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGPIPE}) ::signal(number, SIG_DFL);
  ::setpriority(PRIO_PROCESS, 0, kNice);
  ::prctl(PR_SET_NAME, "wherry-agent", 0, 0, 0);
}

}  // namespace

struct NativeCode::Job {
  std::string folder;
  std::uint64_t cache_bytes = 0;
  std::string compiler;
  wasm::ArtifactKey key;
  os::Fd module;
  os::Fd guest;

  void run() const;
  os::Fd find_or_compile() const;
  void serve_loops() const;
  std::string loops_asked_for() const;
};

// One compiler at a time works in the background for one cache: containers of many modules share the machine.
// Nothing where the guest is gone.
os::Fd NativeCode::Job::find_or_compile() const {
  const wasm::Cache cache(folder, cache_bytes);
  if (!cache.is_executable()) return {};
  for (;;) {
    if (os::Fd found = cache.find(key); found.is_open()) return found;
    if (auto turn = cache.try_take_turn()) {
      auto [found, entry] = cache.begin(key, wasm::Cache::Others::GoOn);
      if (entry) {
        wasm::run_compiler({.program = compiler,
                            .module = module.get(),
                            .output = entry->descriptor(),
                            .guest = guest.get(),
                            .options = {"--nice", "0"}});
        return entry->commit();
      }
      if (found.is_open()) return std::move(found);
    }
    // Somebody else is at work, on this module or another.
    if (look_at(guest.get(), 0, kBetweenLooks) == Guest::Gone) return {};
  }
}

void NativeCode::Job::run() const {
  const os::Fd artifact = find_or_compile();
  if (!artifact.is_open()) return;
  // The whole of it: what the guest has got in parts is the same code.
  if (!handover::try_send(guest.get(), handover::Part{}, artifact.get())) return;
  serve_loops();
  (void)handover::try_send(guest.get(), handover::End{});
}

// A small module is compiled before the guest has noticed which loop it is in, and what somebody else compiled has
// this guest's loop not in it.
void NativeCode::Job::serve_loops() const {
  const auto end = std::chrono::steady_clock::now() + kAsksForLoops;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0 || look_at(guest.get(), POLLIN, left) != Guest::Spoke) return;
    const std::string loops = loops_asked_for();
    if (loops.empty()) continue;
    const os::Fd nothing(
        sys([] { return ::memfd_create("nothing", MFD_CLOEXEC); }, "make a file in memory"));
    wasm::run_compiler({.program = compiler,
                        .module = module.get(),
                        .output = nothing.get(),
                        .guest = guest.get(),
                        .options = {"--nice", "0", "--loops", loops}});
  }
}

// FUNCTION:LOOP,... of all that it has said; empty where that is something else.
std::string NativeCode::Job::loops_asked_for() const {
  std::string loops;
  for (unsigned count = 0; count < kMaxLoops;) {
    const handover::Received received = handover::try_receive(guest.get());
    if (received.got != handover::Got::Message) break;
    const auto* loop = std::get_if<handover::Osr>(&received.message);
    if (!loop) continue;
    loops += fmt::format("{}{}:{}", loops.empty() ? "" : ",", loop->function, loop->ordinal);
    ++count;
  }
  return loops;
}

// In a process that stays anyway: an agent is made only when the guest has lasted. It is made by a process that
// ends at once, so that its own end is for init to learn, and not for this process.
class NativeCode::Watch : public os::Attendant {
 public:
  explicit Watch(NativeCode& code) : code_(code) {}

  void watch(std::vector<pollfd>& watched) override {
    if (code_.job_) {
      watched.push_back({.fd = code_.job_->guest.get(), .events = POLLIN, .revents = 0});
    }
  }
  void attend(std::span<const pollfd> watched) override {
    if (!code_.job_) return;
    const int guest = code_.job_->guest.get();
    auto found = std::ranges::find(watched, guest, &pollfd::fd);
    if (found == watched.end() || found->revents == 0) return;
    if (found->revents & POLLHUP) {
      code_.job_.reset();
    } else {
      leave_orphan();
    }
  }
  bool take_signal(int) override { return false; }
  void finish() override { code_.job_.reset(); }

 private:
  void leave_orphan() noexcept {
    auto [left, problem] = outcome_of([&] {
      const os::Child parent = os::clone_child(0, [&](os::ParentLink&) {
        code_.leave_agent();
        return 0;
      });
      sys([&] { return ::waitpid(parent.pid(), nullptr, 0); }, "wait for process {}", parent.pid());
      return true;
    });
    code_.job_.reset();
    if (!left) code_.warn("the guest stays interpreted: " + problem);
  }

  NativeCode& code_;
};

NativeCode::NativeCode(Settings settings) : settings_(std::move(settings)) {}
NativeCode::~NativeCode() = default;

wasm::Tier NativeCode::tier_of(const oci::RuntimeConfig& config,
                               const wasm::Environment& environment) {
  auto annotated = config.annotations.find(wasm::kTierAnnotation);
  if (annotated != config.annotations.end()) {
    return wasm::parse_tier(annotated->second,
                            fmt::format("annotation '{}'", wasm::kTierAnnotation));
  }
  return wasm::parse_tier(environment(wasm::kTierVariable).value_or(""), wasm::kTierVariable);
}

void NativeCode::get_ready() noexcept {
  if (settings_.tier == wasm::Tier::Interpreter) return;
  auto [done, problem] = outcome_of([&] {
    open_cache();
    return true;
  });
  if (!done) problem_ = std::move(problem);
}

void NativeCode::open_cache() {
  const auto folder = wasm::cache_folder(settings_.environment, settings_.is_machines_root);
  if (!folder) {
    if (settings_.tier == wasm::Tier::Auto) return;
    fail(ErrorKind::FailedPrecondition, "neither HOME nor WHERRY_CACHE is set");
  }
  const std::uint64_t bytes = wasm::cache_bytes(settings_.environment);
  cache_ = wasm::Cache::open_if_exists(*folder, bytes);
  if (!cache_) {
    compiler_ = wasm::compiler_program(settings_.environment);
    if (!compiler_ && settings_.tier == wasm::Tier::Auto) return;
    cache_.emplace(*folder, bytes);
  }
  if (!cache_->is_executable()) {
    cache_.reset();
    fail(ErrorKind::FailedPrecondition, "nothing can be executed in the cache '{}'", *folder);
  }
  key_.environment = wasm::host_environment();
}

std::vector<os::Fd> NativeCode::provide(os::Fd module, pid_t process) noexcept {
  std::vector<os::Fd> provided;
  if (cache_) {
    auto [done, problem] = outcome_of([&] {
      provide_from_cache(std::move(module), process, provided);
      return true;
    });
    if (!done) problem_ = std::move(problem);
  }
  if (!problem_.empty()) warn("the guest is interpreted: " + problem_);
  return provided;
}

void NativeCode::provide_from_cache(os::Fd module, pid_t process, std::vector<os::Fd>& provided) {
  if (!is_module(module.get())) return;
  key_.module = module_digest(*cache_, module.get(), process, wasm::limits::kModuleBytes);
  os::Fd artifact = cache_->find(key_);
  if (!artifact.is_open()) {
    if (!compiler_) compiler_ = wasm::compiler_program(settings_.environment);
    if (settings_.tier == wasm::Tier::Compiled) {
      if (!compiler_) fail(ErrorKind::NotFound, "wherry-compile is not installed");
      artifact = find_or_compile(*cache_, key_, *compiler_, module.get());
    }
  }
  if (artifact.is_open()) {
    provided.push_back(std::move(artifact));
    return;
  }
  if (!compiler_) return;
  int ends[2];
  sys([&] { return ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends); },
      "make a socket pair");
  provided.emplace_back(ends[0]);
  job_ = std::make_unique<Job>(Job{.folder = cache_->folder(),
                                   .cache_bytes = cache_->max_bytes(),
                                   .compiler = *compiler_,
                                   .key = key_,
                                   .module = std::move(module),
                                   .guest = os::Fd(ends[1])});
}

void NativeCode::leave_agent() noexcept {
  if (!job_) return;
  const std::unique_ptr<Job> job = std::move(job_);
  auto [left, problem] = outcome_of([&] {
    os::clone_child(0, [&](os::ParentLink& parent) {
      parent.detach();
      close_all_but({job->module.get(), job->guest.get()});
      stand_alone();
      // A container may have been made long before it is started.
      if (look_at(job->guest.get(), POLLIN, milliseconds(-1)) == Guest::Gone) return 0;
      if (look_at(job->guest.get(), 0, kLasts) == Guest::Gone) return 0;
      auto [done, why] = outcome_of([&] {
        job->run();
        return true;
      });
      if (!done) warn("the guest stays interpreted: " + why);
      return 0;
    });
    return true;
  });
  if (!left) warn("the guest stays interpreted: " + problem);
}

void NativeCode::warn(const std::string& text) const {
  if (settings_.warn) settings_.warn(text);
}

os::Attendant* NativeCode::attendant() {
  if (!job_) return nullptr;
  if (!watch_) watch_ = std::make_unique<Watch>(*this);
  return watch_.get();
}

}  // namespace wherry::container
