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
#include <set>
#include <system_error>
#include <thread>
#include <tuple>

#include "base/error.h"
#include "os/fd.h"
#include "os/file.h"
#include "wasm/artifact/handover.h"
#include "wasm/format/decode.h"
#include "wasm/format/validate.h"

namespace wherry::compile {

namespace {

using namespace wasm;
using Level = Compiler::Level;

constexpr std::size_t kMaxModuleBytes = std::size_t{1} << 30;
// Of bodies that are compiled together for a guest that waits, which is 1 s of LLVM's for the latter: the first
// time, and then.
constexpr std::size_t kFirstBytes = 8 * 1024;
constexpr std::size_t kHotBytes = 16 * 1024;
// A hot function from this size on takes seconds at full quality: until then the guest has it quickly made.
constexpr std::size_t kLargeBytes = 16 * 1024;
constexpr std::size_t kHugeBytes = 64 * 1024;
constexpr std::size_t kMaxLoops = 1000;  // that a guest may ask for

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

class Work {
 public:
  Work(const Job& job, const Module& module)
      : job_(job),
        module_(module),
        compiler_(module, job.options),
        guest_(job.guest),
        functions_(module.code.size()) {}

  std::vector<std::uint8_t> run();
  void make_loops();

 private:
  struct State {
    std::uint64_t samples = 0;
    bool quick = false;  // done, or somebody is at it
    bool full = false;   // likewise
  };
  struct Task {
    Compiler::Request request;
    bool hand_over = false;
    std::optional<LoopId> loop = {};  // that alone, for the guest alone
  };
  struct Made {
    Level level;
    std::uint32_t first;
    CodeObject object;
  };

  void pass(Level level);
  void compile_all(Level level);
  std::optional<Task> take();
  std::optional<Task> take_hot();
  void do_task(const Task& task);
  void do_loop(const LoopId& loop);
  void listen();
  void hear(const handover::Message& message);
  std::vector<std::uint8_t> link(bool with_quick) const;

  const Job& job_;
  const Module& module_;
  Compiler compiler_;
  Guest guest_;

  std::mutex mu_;
  // Guarded by mu_.
  std::vector<State> functions_;
  std::deque<LoopId> loops_;  // asked for, not begun
  std::set<LoopId> known_loops_;
  std::vector<Compiler::Request> rest_;  // of this pass; those from next_ on are not begun
  std::size_t next_ = 0;
  std::size_t handed_over_ = 0;
  std::vector<Made> made_;
  std::exception_ptr failure_;
};

void Work::hear(const handover::Message& message) {
  const std::lock_guard lock(mu_);
  if (const auto* hot = std::get_if<handover::Hot>(&message)) {
    for (const handover::Hot::Row& row : hot->rows) {
      if (row.function < functions_.size()) functions_[row.function].samples += row.samples;
    }
  } else if (const auto* osr = std::get_if<handover::Osr>(&message)) {
    const LoopId loop{.function = osr->function, .ordinal = osr->ordinal};
    if (loop.function >= functions_.size() || known_loops_.size() >= kMaxLoops) return;
    ++functions_[loop.function].samples;
    if (known_loops_.insert(loop).second) loops_.push_back(loop);
  }
}

std::optional<Work::Task> Work::take_hot() {
  std::vector<std::uint32_t> hot;
  for (std::uint32_t i = 0; i < functions_.size(); ++i) {
    if (functions_[i].samples > 0 && !functions_[i].full) hot.push_back(i);
  }
  if (hot.empty()) return std::nullopt;
  std::ranges::sort(hot, [&](std::uint32_t a, std::uint32_t b) {
    return functions_[a].samples != functions_[b].samples
               ? functions_[a].samples > functions_[b].samples
               : a < b;
  });
  for (std::uint32_t i : hot) {
    if (functions_[i].quick || module_.code[i].body.size() < kLargeBytes) continue;
    functions_[i].quick = true;
    return Task{.request = {.functions = {i}, .level = Level::Quick}, .hand_over = true};
  }
  // What takes seconds comes when all else that is hot weighs less: the rest of it is done in that time.
  const auto is_small = [&](std::uint32_t i) { return module_.code[i].body.size() < kLargeBytes; };
  std::uint64_t small_samples = 0;
  for (std::uint32_t i : hot) {
    if (is_small(i)) small_samples += functions_[i].samples;
  }
  if (small_samples > functions_[hot.front()].samples) {
    std::ranges::sort(hot, {}, [&](std::uint32_t i) {
      return std::tuple(!is_small(i), ~functions_[i].samples, i);
    });
  }
  const std::size_t most = handed_over_ == 0 ? kFirstBytes : kHotBytes;
  Task task{.request = {.functions = {}, .level = Level::Full}, .hand_over = true};
  std::size_t bytes = 0;
  for (std::uint32_t i : hot) {
    bytes += module_.code[i].body.size();
    if (bytes > most && !task.request.functions.empty()) break;
    task.request.functions.push_back(i);
    functions_[i].full = true;
  }
  return task;
}

std::optional<Work::Task> Work::take() {
  const std::lock_guard lock(mu_);
  if (failure_) return std::nullopt;
  if (guest_.is_there()) {
    // What keeps a thread for ten seconds may keep it after what does not.
    const auto is_quick = [&](const LoopId& loop) {
      return module_.code[loop.function].body.size() < kHugeBytes;
    };
    auto loop = std::ranges::find_if(loops_, is_quick);
    if (loop == loops_.end()) {
      if (auto hot = take_hot()) return hot;
      loop = loops_.begin();
    }
    if (loop != loops_.end()) {
      const LoopId chosen = *loop;
      loops_.erase(loop);
      return Task{.request = {}, .loop = chosen};
    }
  }
  while (next_ < rest_.size()) {
    Task task{.request = std::move(rest_[next_++])};
    const bool quick = task.request.level == Level::Quick;
    std::erase_if(task.request.functions, [&](std::uint32_t i) {
      return functions_[i].full || (quick && functions_[i].quick);
    });
    if (task.request.functions.empty()) continue;
    for (std::uint32_t i : task.request.functions) {
      (quick ? functions_[i].quick : functions_[i].full) = true;
    }
    return task;
  }
  return std::nullopt;
}

// The guest may have named a loop that is none: then it gets nothing, and all else goes on.
void Work::do_loop(const LoopId& loop) {
  try {
    const CodeObject object = compiler_.object({.functions = {}, .loops = {loop}});
    const CodeObject* only[] = {&object};
    guest_.hand_over(compiler_.link(only));
  } catch (const Error&) {
  }
}

void Work::do_task(const Task& task) {
  if (task.loop) return do_loop(*task.loop);
  CodeObject object = compiler_.object(task.request);
  if (task.hand_over) {
    const CodeObject* only[] = {&object};
    guest_.hand_over(compiler_.link(only));
  }
  const std::lock_guard lock(mu_);
  if (task.hand_over) ++handed_over_;
  made_.push_back({.level = task.request.level,
                   .first = task.request.functions.front(),
                   .object = std::move(object)});
}

// All that is not done yet, at this level.
void Work::compile_all(Level level) {
  rest_ = compiler_.split(level);
  next_ = 0;
  auto work = [&] {
    try {
      while (auto task = take()) do_task(*task);
    } catch (...) {
      const std::lock_guard lock(mu_);
      if (!failure_) failure_ = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  try {
    for (unsigned i = 1; i < job_.options.threads; ++i) others.emplace_back(work);
  } catch (const std::system_error&) {
    // With fewer, then.
  }
  work();
  for (std::thread& other : others) other.join();
  if (failure_) std::rethrow_exception(failure_);
}

// In an order that depends on the functions alone.
std::vector<std::uint8_t> Work::link(bool with_quick) const {
  std::vector<const Made*> chosen;
  for (const Made& each : made_) {
    if (with_quick || each.level == Level::Full) chosen.push_back(&each);
  }
  std::ranges::sort(chosen, {}, [](const Made* each) {
    return std::tuple(each->level == Level::Quick, each->first);
  });
  std::vector<const CodeObject*> objects;
  for (const Made* each : chosen) objects.push_back(&each->object);
  return compiler_.link(objects);
}

std::vector<std::uint8_t> Work::run() {
  std::atomic<bool> done = false;
  std::thread listener;
  if (job_.guest >= 0) {
    // Most have something to say when the compiler is started for them.
    if (auto message = guest_.hear()) hear(*message);
    listener = std::thread([&] {
      while (!done && guest_.is_there()) {
        if (auto message = guest_.hear()) hear(*message);
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
    if (!job_.quick) guest_.hand_over(link(true));
  }
  if (!job_.quick) compile_all(Level::Full);
  stop(nullptr);
  // Heard since everybody found nothing to do.
  for (const LoopId& loop : loops_) do_loop(loop);
  return link(job_.quick);
}

void Work::make_loops() {
  for (const LoopId& loop : job_.loops) {
    if (loop.function < functions_.size()) do_loop(loop);
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
