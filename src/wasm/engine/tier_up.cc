#include "wasm/engine/tier_up.h"

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "base/error.h"
#include "wasm/artifact/handover.h"
#include "wasm/engine/compiled.h"
#include "wasm/engine/execute.h"
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
// The frames of a large function may be in many loops, most of them one inside the other: while one is made, and then for
// a while, no other is asked for.
constexpr unsigned kTicksBetweenLoops = 1000;
// Interpreted frames that are looked at, whether their functions have become compiled code meanwhile.
constexpr unsigned kMaxFrames = 256;
// So often, after each part: where a handler is about to go elsewhere, its frame's loop cannot be told.
constexpr unsigned kLooksForStaleFrames = 8;
// Loops that compiled code asks for, and functions that keep control crossing tiers, that are remembered at a time.
constexpr std::size_t kMaxWantedLoops = 64;
constexpr std::size_t kMaxCrossed = 256;

// The interpreter's, of a handler: its first parameter. Where it is something else, it points into no loop.
const Slot* pc_of(const ucontext_t& context) {
  return reinterpret_cast<const Slot*>(context.uc_mcontext.gregs[REG_R12]);
}

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
  void ask_for(const Function& function, const Slot* pc);
  void ask_for(const LoopId& loop);
  void ask_for_stale_frames(InterruptedCode interrupted, const ucontext_t& context);
  void ask_for_wanted();
  void offer_move(const Function& function, const ucontext_t& context);
  void tell();
  std::shared_ptr<const Artifact> receive();
  void use(std::shared_ptr<const Artifact> part);
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
  unsigned ticks_in_frame = 0;          // ... so many
  unsigned looks_for_stale_frames = 0;  // still to do
  std::set<LoopId> loops_told;
  std::map<std::uint32_t, unsigned> last_told;  // by function, the tick
  std::size_t parts = 0;

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
  if (interrupted == InterruptedCode::Interpreted) {
    notice_loop(function, context);
  } else if (function) {
    offer_move(*function, context);
  }
  ask_for_wanted();
  if (++ticks % kTicksBetweenMessages == 0) tell();
  // One a tick: the guest waits meanwhile.
  if (auto part = receive()) use(std::move(part));
  if (looks_for_stale_frames > 0) {
    --looks_for_stale_frames;
    ask_for_stale_frames(interrupted, context);
  }
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
  ask_for(*function, pc_of(context));
}

void TierUp::Impl::ask_for(const Function& function, const Slot* pc) {
  const std::optional<std::uint32_t> ordinal = loop_at(store, function, pc);
  if (!ordinal) return;
  ask_for({.function = static_cast<std::uint32_t>(&function - instance.own_functions.get()),
           .ordinal = *ordinal});
}

void TierUp::Impl::ask_for(const LoopId& loop) {
  if (loops_told.contains(loop)) return;
  const auto before = last_told.find(loop.function);
  const bool is_large = instance.module->code[loop.function].body.size() >= handover::kLargeBytes;
  if (is_large && before != last_told.end() && ticks - before->second < kTicksBetweenLoops) return;
  if (handover::try_send(socket.get(),
                         handover::Osr{.function = loop.function, .ordinal = loop.ordinal})) {
    loops_told.insert(loop);
    last_told[loop.function] = ticks;
  }
}

// What was quickly made, and replaced while it runs: it says at its next loop's head which loop that is.
void TierUp::Impl::offer_move(const Function& function, const ucontext_t& context) {
  const auto* pc = reinterpret_cast<const void*>(context.uc_mcontext.gregs[REG_RIP]);
  const Published* code = published_at(store, pc);
  const auto place = code ? code->artifact->find(pc) : std::nullopt;
  if (place && place->start != function.native) instance.moves[place->defined] = 1;
}

void TierUp::Impl::ask_for_wanted() {
  std::vector<WantedLoop>& wanted = instance.wanted_loops;
  for (std::size_t i = 0; i < wanted.size();) {
    const LoopId loop = wanted[i++].loop;
    if (wanted[i - 1].times < kSurelyWanted) continue;
    ask_for(loop);
    std::erase_if(wanted,
                  [&](const WantedLoop& each) { return each.loop.function == loop.function; });
    i = 0;
  }
}

// A frame may stay for as long as the guest runs, and be seen by no tick because of what it calls. If calls of its
// function are compiled from now on, it is to be, too.
void TierUp::Impl::ask_for_stale_frames(InterruptedCode interrupted, const ucontext_t& context) {
  const Slot* pc = nullptr;
  const Slot* fp = nullptr;
  if (interrupted == InterruptedCode::Compiled) {
    fp = store.context.activation->frame;
  } else if (interrupted_function(store, instance, context)) {
    fp = reinterpret_cast<const Slot*>(context.uc_mcontext.gregs[REG_R13]);
    pc = pc_of(context);
  }
  for (unsigned i = 0; i < kMaxFrames && is_frame(store, fp); ++i) {
    const Function* function = own_function_of(instance, fp);
    if (function && function->code == kEnterCompiledCode) ask_for(*function, pc);
    pc = reinterpret_cast<const Slot*>(fp[interp::kReturnPc]);
    const auto* caller = reinterpret_cast<const Slot*>(fp[interp::kCallerFrame]);
    if (caller >= fp) return;
    fp = caller;
  }
}

void TierUp::Impl::tell() {
  for (const Function* function : instance.crossed) count(function);
  instance.crossed.clear();
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

std::shared_ptr<const Artifact> TierUp::Impl::receive() {
  while (socket.is_open()) {
    handover::Received received = handover::try_receive(socket.get());
    if (received.got == handover::Got::Nothing) break;
    if (received.got == handover::Got::Gone ||
        std::holds_alternative<handover::End>(received.message)) {
      arm(0);
      socket.reset();
      break;
    }
    if (!std::holds_alternative<handover::Part>(received.message)) continue;
    // Code that does not fit is no reason to end a guest that runs without.
    auto [mapped, problem] =
        outcome_of([&] { return Artifact::map(received.descriptor.get(), environment); });
    if (mapped) return std::make_shared<const Artifact>(std::move(*mapped));
  }
  return nullptr;
}

void TierUp::Impl::use(std::shared_ptr<const Artifact> part) {
  auto [done, problem] = outcome_of([&] {
    publish(store, instance, std::move(part));
    return true;
  });
  if (!done) return;
  ++parts;
  looks_for_stale_frames = kLooksForStaleFrames;
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
  instance.wanted_loops.reserve(kMaxWantedLoops);
  instance.crossed.reserve(kMaxCrossed);
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
