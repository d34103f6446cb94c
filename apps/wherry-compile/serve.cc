#include "serve.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "os/fd.h"
#include "os/file.h"
#include "schedule.h"
#include "wasm/artifact/handover.h"
#include "wasm/format/decode.h"
#include "wasm/format/validate.h"

namespace wherry::compile {

namespace {

using namespace wasm;
using Level = Compiler::Level;

constexpr std::size_t kMaxModuleBytes = std::size_t{1} << 30;
constexpr std::chrono::milliseconds kPause(10);  // of a thread that has nothing to do for a moment

// A copy of our own: the file may change while we read it.
std::vector<std::uint8_t> read_module(int fd) {
  std::vector<std::uint8_t> bytes(os::file_size(fd));
  if (bytes.size() > kMaxModuleBytes) {
    fail(ErrorKind::InvalidArgument, "it is larger than {} MiB", kMaxModuleBytes >> 20);
  }
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got = static_cast<std::size_t>(sys(
        [&] {
          return ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        },
        "read"));
    if (got == 0) break;
    done += got;
  }
  bytes.resize(done);
  return bytes;
}

// In memory, and from now on unchangeable.
os::Fd sealed_file(const std::vector<std::uint8_t>& bytes) {
  os::Fd file(sys([] { return ::memfd_create("artifact", MFD_CLOEXEC | MFD_ALLOW_SEALING); },
                  "make a file in memory"));
  os::write_all(file.get(), bytes);
  sys(
      [&] {
        return ::fcntl(file.get(), F_ADD_SEALS,
                       F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
      },
      "seal a file in memory");
  return file;
}

// Whom the parts go to. Thread safety: any number of threads.
class Guest {
 public:
  explicit Guest(int socket) : socket_(socket) {}

  bool is_there() const { return socket_ >= 0 && !gone_; }
  void leave() { gone_ = true; }

  void hand_over(const std::vector<std::uint8_t>& artifact) {
    if (is_there()) send(handover::Part{}, sealed_file(artifact));
  }
  // What it says next; nothing for a fifth of a second, or for good.
  std::optional<handover::Message> hear() {
    pollfd watched{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&watched, 1, 200) <= 0) return std::nullopt;
    handover::Received received = handover::try_receive(socket_);
    if (received.got == handover::Got::Gone) leave();
    if (received.got != handover::Got::Message) return std::nullopt;
    return received.message;
  }

 private:
  // A guest that reads nothing for a second is given up.
  void send(const handover::Message& message, const os::Fd& descriptor) {
    for (int tries = 0; tries < 100 && is_there(); ++tries) {
      if (handover::try_send(socket_, message, descriptor.is_open() ? descriptor.get() : -1))
        return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    leave();
  }

  int socket_;
  std::atomic<bool> gone_ = false;
};

// A guest that runs keeps a processor busy by itself: a thread more than there are others would take from it. While the guest
// is there, that one is for what is quickly made, so that that does not wait for what takes long.
unsigned threads_beside_guest(const Job& job) {
  return job.guest < 0 ? job.options.threads : std::max(job.options.threads - 1, 1u);
}

class Work {
 public:
  Work(const Job& job, const Module& module)
      : job_(job),
        module_(module),
        compiler_(module, job.options),
        guest_(job.guest),
        threads_(threads_beside_guest(job)),
        schedule_(module, threads_) {}

  std::vector<std::uint8_t> run();
  void make_loops();

 private:
  struct Made {
    Level level;
    std::uint32_t first;
    CodeObject object;
  };

  void compile_all(Level level);
  bool has_failed();
  CodeObject object_of(const Task& task);
  void do_task(const Task& task);
  void do_loop(const LoopId& loop);
  enum class Which { Artifact, ForGuest, All };
  std::vector<std::uint8_t> link(Which which, QuickCalls quick);

  const Job& job_;
  const Module& module_;
  Compiler compiler_;
  Guest guest_;
  unsigned threads_;
  Schedule schedule_;

  std::mutex mu_;
  // Guarded by mu_.
  // What is in there stays where it is.
  std::deque<Made> made_;
  std::deque<CodeObject> served_;  // for the guest alone
  std::exception_ptr failure_;
};

bool Work::has_failed() {
  const std::lock_guard lock(mu_);
  return failure_ != nullptr;
}

// The guest may have named a loop that is none: then it gets nothing, and all else goes on.
void Work::do_loop(const LoopId& loop) {
  try {
    CodeObject object = compiler_.object({.functions = {}, .loops = {loop}});
    const CodeObject* only[] = {&object};
    guest_.hand_over(compiler_.link(only));
    const std::lock_guard lock(mu_);
    served_.push_back(std::move(object));
  } catch (const Error&) {
  }
}

// Nor does it lose a function for having named a loop of it that is none.
CodeObject Work::object_of(const Task& task) {
  if (task.request.loops.empty()) return compiler_.object(task.request);
  auto [made, problem] = outcome_of([&] { return compiler_.object(task.request); });
  if (made) return std::move(*made);
  return compiler_.object({.functions = task.request.functions, .level = task.request.level});
}

void Work::do_task(const Task& task) {
  if (task.request.functions.empty() && task.request.loops.empty()) {
    return guest_.hand_over(link(Which::ForGuest, QuickCalls::ByEntry));
  }
  if (task.request.functions.empty()) return do_loop(task.request.loops.front());
  CodeObject object = object_of(task);
  if (task.hand_over && !task.with_others) {
    const CodeObject* only[] = {&object};
    guest_.hand_over(compiler_.link(only, QuickCalls::ByEntry));
  }
  {
    const std::lock_guard lock(mu_);
    if (task.keep) {
      made_.push_back({.level = task.request.level,
                       .first = task.request.functions.front(),
                       .object = std::move(object)});
    } else {
      served_.push_back(std::move(object));
    }
  }
  if (task.with_others) guest_.hand_over(link(Which::ForGuest, QuickCalls::ByEntry));
}

// All that is not done yet, at this level.
void Work::compile_all(Level level) {
  schedule_.begin_pass(compiler_.split(level));
  std::atomic<bool> is_over = false;
  auto work = [&](Schedule::What what) {
    try {
      while (!has_failed() && !is_over) {
        const auto task = schedule_.take(guest_.is_there(), what);
        if (!task) return;
        if (task->pause) {
          std::this_thread::sleep_for(kPause);
          continue;
        }
        do_task(*task);
        schedule_.done(*task);
      }
    } catch (...) {
      const std::lock_guard lock(mu_);
      if (!failure_) failure_ = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  try {
    for (unsigned i = 1; i < threads_; ++i) others.emplace_back(work, Schedule::What::All);
    if (job_.guest >= 0) others.emplace_back(work, Schedule::What::QuickForGuest);
  } catch (const std::system_error&) {
    // With fewer, then.
  }
  work(Schedule::What::All);
  is_over = true;
  for (std::thread& other : others) other.join();
  if (failure_) std::rethrow_exception(failure_);
}

// The best first, and otherwise in an order that depends on the functions alone.
std::vector<std::uint8_t> Work::link(Which which, QuickCalls quick) {
  std::vector<const CodeObject*> objects;
  {
    const std::lock_guard lock(mu_);
    auto add = [&](Level level) {
      std::vector<const Made*> chosen;
      for (const Made& each : made_) {
        if (each.level == level) chosen.push_back(&each);
      }
      std::ranges::sort(chosen, {}, &Made::first);
      for (const Made* each : chosen) objects.push_back(&each->object);
    };
    add(Level::Full);
    if (which != Which::Artifact) {
      for (const CodeObject& each : served_) objects.push_back(&each);
    }
    if (which == Which::All) add(Level::Quick);
  }
  return compiler_.link(objects, quick);
}

std::vector<std::uint8_t> Work::run() {
  std::atomic<bool> done = false;
  std::thread listener;
  if (job_.guest >= 0) {
    // Most have something to say when the compiler is started for them.
    if (auto message = guest_.hear()) schedule_.hear(*message);
    listener = std::thread([&] {
      while (!done && guest_.is_there()) {
        if (auto message = guest_.hear()) schedule_.hear(*message);
      }
    });
  }
  const auto stop = [&](void*) {
    done = true;
    if (listener.joinable()) listener.join();
  };
  const std::unique_ptr<void, decltype(stop)> stopper(&done, stop);

  if (job_.quick || guest_.is_there()) {
    compile_all(Level::Quick);
    if (!job_.quick) guest_.hand_over(link(Which::All, QuickCalls::ByEntry));
  }
  if (!job_.quick) compile_all(Level::Full);
  stop(nullptr);
  // Heard since everybody found nothing to do.
  for (const LoopId& loop : schedule_.left()) do_loop(loop);
  // What is in a loop is to call the rest directly, too.
  if (!served_.empty()) guest_.hand_over(link(Which::ForGuest, QuickCalls::ByEntry));
  return link(job_.quick ? Which::All : Which::Artifact, QuickCalls::Direct);
}

void Work::make_loops() {
  for (const LoopId& loop : job_.loops) {
    if (loop.function < module_.code.size()) do_loop(loop);
  }
}

}  // namespace

void serve(const Job& job) {
  const std::vector<std::uint8_t> bytes = in_context([] { return std::string("read the module"); },
                                                     [&] { return read_module(job.module); });
  const Module module = in_context([] { return std::string("read the module"); },
                                   [&] {
                                     Module decoded = decode(bytes);
                                     validate(decoded);
                                     return decoded;
                                   });
  if (!job.loops.empty()) return Work(job, module).make_loops();
  const std::vector<std::uint8_t> artifact = in_context(
      [] { return std::string("compile the module"); }, [&] { return Work(job, module).run(); });
  in_context([] { return std::string("write the artifact"); },
             [&] { os::write_all(job.output, artifact); });
}

}  // namespace wherry::compile
