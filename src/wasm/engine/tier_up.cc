#include "wasm/engine/tier_up.h"

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/error.h"
#include "wasm/artifact/handover.h"
#include "wasm/engine/compiled.h"
#include "wasm/engine/fault.h"
#include "wasm/engine/osr.h"
#include "wasm/engine/store.h"

namespace wherry::wasm {
namespace {

// Of the thread's CPU time. The kernel looks at such timers with its own tick, which may be slower.
constexpr long kTickNanoseconds = 4'000'000;
// Between two messages about what is hot: the first one says that the guest lasts.
constexpr unsigned kTicksBetweenMessages = 12;
// A frame found so often in a row stays in a loop, as far as anybody can tell.
constexpr unsigned kTicksInLoop = 8;

}  // namespace

struct TierUp::Impl {
  Impl(Store::Impl& of, Instance& which, os::Fd end, std::string made_for)
      : store(of),
        instance(which),
        socket(std::move(end)),
        environment(std::move(made_for)),
        samples(which.module->code.size()) {}

  static void handle(int signal, siginfo_t* info, void* context);
  void tick(const ucontext_t& context);
  void count(const Function* function);
  void notice_loop(const Function* function, const ucontext_t& context);
  void tell();
  void receive();
  void publish_waiting(InterruptedCode interrupted);
  void arm(long nanoseconds);

  Store::Impl& store;
  Instance& instance;
  os::Fd socket;
  std::string environment;
  timer_t timer{};
  struct sigaction previous{};
  std::vector<std::uint32_t> samples;  // of the module's own functions, since they were last told
  std::vector<std::uint32_t> sampled;  // those that have some
  unsigned ticks = 0;
  const Function* last_function = nullptr;  // interpreted, of the last ticks in a row ...
  const void* last_frame = nullptr;
  unsigned ticks_in_frame = 0;  // ... so many
  std::set<LoopId> loops_told;
  std::size_t parts = 0;
  std::shared_ptr<const Artifact> waiting;  // until it may be published

  static Impl* active;
};

TierUp::Impl* TierUp::Impl::active = nullptr;

void TierUp::Impl::handle(int signal, siginfo_t* info, void* context) {
  if (info->si_code != SI_TIMER) {
    // Somebody else's: as if nobody had taken the signal, which is pending until this handler returns.
    ::sigaction(signal, &active->previous, nullptr);
    ::raise(signal);
    return;
  }
  const int error = errno;
  active->tick(*static_cast<const ucontext_t*>(context));
  errno = error;
}

void TierUp::Impl::tick(const ucontext_t& context) {
  const InterruptedCode interrupted = interrupted_code(store, context);
  if (interrupted == InterruptedCode::Host) return;
  const Function* function = interrupted_function(store, instance, context);
  count(function);
  if (interrupted == InterruptedCode::Interpreted) notice_loop(function, context);
  if (++ticks % kTicksBetweenMessages == 0) tell();
  receive();
  publish_waiting(interrupted);
}

void TierUp::Impl::count(const Function* function) {
  if (!function) return;
  const auto defined = static_cast<std::uint32_t>(function - instance.own_functions.get());
  if (samples[defined]++ == 0) sampled.push_back(defined);
}

void TierUp::Impl::notice_loop(const Function* function, const ucontext_t& context) {
  const auto* frame = reinterpret_cast<const void*>(context.uc_mcontext.gregs[REG_R13]);
  if (!function || function != last_function || frame != last_frame) {
    last_function = function;
    last_frame = frame;
    ticks_in_frame = 0;
    return;
  }
  if (++ticks_in_frame % kTicksInLoop != 0) return;
  // The handlers' first parameter. Where it is something else, it points into no loop.
  const auto* pc = reinterpret_cast<const Slot*>(context.uc_mcontext.gregs[REG_R12]);
  const std::optional<std::uint32_t> ordinal = loop_at(store, *function, pc);
  if (!ordinal) return;
  const LoopId loop{.function = static_cast<std::uint32_t>(function - instance.own_functions.get()),
                    .ordinal = *ordinal};
  if (loops_told.contains(loop)) return;
  if (handover::try_send(socket.get(),
                         handover::Osr{.function = loop.function, .ordinal = loop.ordinal})) {
    loops_told.insert(loop);
  }
}

void TierUp::Impl::tell() {
  if (sampled.empty()) return;
  std::ranges::sort(sampled, std::ranges::greater{},
                    [&](std::uint32_t function) { return samples[function]; });
  handover::Hot hot;
  for (std::uint32_t function : sampled) {
    if (hot.rows.size() < handover::kMaxRows) {
      hot.rows.push_back({.function = function, .samples = samples[function]});
    }
    samples[function] = 0;
  }
  sampled.clear();
  // A compiler that does not read has enough to do.
  (void)handover::try_send(socket.get(), hot);
}

void TierUp::Impl::receive() {
  while (!waiting && socket.is_open()) {
    handover::Received received = handover::try_receive(socket.get());
    if (received.got == handover::Got::Nothing) return;
    if (received.got == handover::Got::Gone ||
        std::holds_alternative<handover::End>(received.message)) {
      arm(0);
      socket.reset();
      return;
    }
    if (!std::holds_alternative<handover::Part>(received.message)) continue;
    // Code that does not fit is no reason to end a guest that runs without.
    auto [mapped, problem] =
        outcome_of([&] { return Artifact::map(received.descriptor.get(), environment); });
    if (mapped) waiting = std::make_shared<const Artifact>(std::move(*mapped));
  }
}

// Compiled code reads an entry's code and its context one after the other: where it was interrupted, a function
// whose context would change has to wait.
void TierUp::Impl::publish_waiting(InterruptedCode interrupted) {
  if (!waiting) return;
  if (interrupted == InterruptedCode::Compiled && !replaces_compiled_only(instance, *waiting)) {
    return;
  }
  auto [done, problem] = outcome_of([&] {
    publish(store, instance, waiting);
    return true;
  });
  if (done) ++parts;
  waiting = nullptr;
}

void TierUp::Impl::arm(long nanoseconds) {
  const itimerspec every{.it_interval = {.tv_sec = 0, .tv_nsec = nanoseconds},
                         .it_value = {.tv_sec = 0, .tv_nsec = nanoseconds}};
  ::timer_settime(timer, 0, &every, nullptr);
}

TierUp::TierUp(Store& store, Instance& instance, os::Fd socket, std::string environment)
    : impl_(std::make_unique<Impl>(store.impl(), instance, std::move(socket),
                                   std::move(environment))) {
  WHERRY_CHECK(!Impl::active);
  know_shape(instance);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGPROF;
  event._sigev_un._tid = static_cast<pid_t>(::syscall(SYS_gettid));
  sys([&] { return ::timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &impl_->timer); },
      "make a timer");
  Impl::active = impl_.get();
  struct sigaction action{};
  action.sa_sigaction = &Impl::handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  WHERRY_CHECK(::sigaction(SIGPROF, &action, &impl_->previous) == 0);
  sigset_t ours;
  ::sigemptyset(&ours);
  ::sigaddset(&ours, SIGPROF);
  ::sigprocmask(SIG_UNBLOCK, &ours, nullptr);
  impl_->arm(kTickNanoseconds);
}

TierUp::~TierUp() {
  // A signal that is still on its way finds that nobody is there.
  ::timer_delete(impl_->timer);
  ::sigaction(SIGPROF, &impl_->previous, nullptr);
  Impl::active = nullptr;
}

std::size_t TierUp::parts() const { return impl_->parts; }
bool TierUp::is_open() const { return impl_->socket.is_open(); }

}  // namespace wherry::wasm
