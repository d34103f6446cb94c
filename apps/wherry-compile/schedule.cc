#include "schedule.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace wherry::compile {

namespace {

using namespace wasm;
using Level = Compiler::Level;

// Of bodies that are compiled together for a guest that waits. Well made, the latter take a third of a second of
// LLVM's: the first time, and then. Quickly made they take a tenth of one.
constexpr std::size_t kFirstBytes = 8 * 1024;
constexpr std::size_t kFullBytes = 16 * 1024;
constexpr std::size_t kQuickBytes = 48 * 1024;
// Whether a frame stays in it the guest knows when it has it quickly made; and then one body does for both.
constexpr std::chrono::milliseconds kUntilLoopIsKnown(300);
constexpr std::size_t kMaxLoops = 1000;         // that a guest may ask for
constexpr unsigned kPartsToLink = 4;            // fewer are not worth it
constexpr std::uint64_t kShareToCompete = 100;  // of all samples: one in so many

}  // namespace

Schedule::Schedule(const Module& module, unsigned threads)
    : module_(module), threads_(threads), functions_(module.code.size()) {}

void Schedule::hear(const handover::Message& message) {
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

void Schedule::begin_pass(std::vector<Compiler::Request> all) {
  const std::lock_guard lock(mu_);
  rest_ = std::move(all);
  next_ = 0;
}

std::optional<Task> Schedule::take(bool guest, What what) {
  const std::lock_guard lock(mu_);
  if (guest && what == What::QuickForGuest) {
    if (large_tasks_ > 0) {
      if (auto task = take_quick()) return task;
    }
    return Task{.request = {}, .keep = false, .pause = true};
  }
  if (guest) {
    if (auto task = take_for_guest()) return task;
  }
  return take_rest();
}

void Schedule::done(const Task& task) {
  const std::lock_guard lock(mu_);
  const Compiler::Request& request = task.request;
  if (request.level == Level::Quick) {
    for (std::uint32_t i : request.functions) functions_[i].quick_since = Clock::now();
  } else if (!task.hand_over) {
    return;
  } else if (!task.with_others) {
    ++unlinked_;
  } else if (!request.functions.empty() || !request.loops.empty()) {
    --large_tasks_;
  }
}

std::vector<LoopId> Schedule::left() const {
  const std::lock_guard lock(mu_);
  return {loops_.begin(), loops_.end()};
}

bool Schedule::is_large(std::uint32_t function) const {
  return bytes_of(function) >= handover::kLargeBytes;
}

std::optional<Task> Schedule::take_for_guest() {
  if (auto task = take_quick()) return task;
  if (is_large_due()) {
    if (auto task = take_large()) return task;
  }
  if (auto task = take_loop()) return task;
  if (auto task = take_full(samples_to_compete())) return task;
  if (large_tasks_ == 0) {
    if (auto task = take_large()) return task;
  } else {
    return Task{.request = {}, .keep = false, .pause = true};
  }
  return take_link();
}

// That a function needs to take a processor from a large one, which has most of them.
std::uint64_t Schedule::samples_to_compete() const {
  if (large_tasks_ == 0) return 1;
  std::uint64_t all = 0;
  for (const State& state : functions_) all += state.samples;
  return all / kShareToCompete;
}

// The hottest that are not even quickly made.
std::optional<Task> Schedule::take_quick() {
  std::vector<std::uint32_t> hot;
  for (std::uint32_t i = 0; i < functions_.size(); ++i) {
    if (functions_[i].waits_for_full() && !functions_[i].quick) hot.push_back(i);
  }
  if (hot.empty()) return std::nullopt;
  return hottest_of(std::move(hot), kQuickBytes, Level::Quick);
}

// Those of them that are compiled together: one at least.
Task Schedule::hottest_of(std::vector<std::uint32_t> hot, std::size_t most, Level level) {
  std::ranges::sort(hot, {},
                    [&](std::uint32_t i) { return std::tuple(~functions_[i].samples, i); });
  Task task{.request = {.functions = {}, .level = level}, .hand_over = true};
  std::size_t bytes = 0;
  for (std::uint32_t i : hot) {
    bytes += bytes_of(i);
    if (bytes > most && !task.request.functions.empty()) break;
    task.request.functions.push_back(i);
    (level == Level::Quick ? functions_[i].quick : functions_[i].full) = true;
  }
  return task;
}

// Whether a thread should be at something large now.
bool Schedule::is_large_due() const {
  if (threads_ > 1) return large_tasks_ < threads_ / 2;
  if (large_tasks_ > 0) return false;
  std::uint64_t small = 0;
  std::uint64_t large = 0;
  for (std::uint32_t i = 0; i < functions_.size(); ++i) {
    if (functions_[i].waits_for_full()) {
      std::uint64_t& samples = is_large(i) ? large : small;
      samples = std::max(samples, functions_[i].samples);
    }
  }
  return large > small;
}

std::optional<LoopId> Schedule::pop_loop_of(std::uint32_t function) {
  const auto found = std::ranges::find(loops_, function, &LoopId::function);
  if (found == loops_.end()) return std::nullopt;
  const LoopId loop = *found;
  loops_.erase(found);
  return loop;
}

std::optional<Task> Schedule::take_large() {
  std::optional<std::uint32_t> hottest;
  for (std::uint32_t i = 0; i < functions_.size(); ++i) {
    const State& state = functions_[i];
    if (!is_large(i) || !state.waits_for_full()) continue;
    const bool is_asked_for = std::ranges::count(loops_, i, &LoopId::function) > 0;
    if (!state.quick_since) continue;
    if (!is_asked_for && Clock::now() - *state.quick_since < kUntilLoopIsKnown) continue;
    if (!hottest || functions_[*hottest].samples < state.samples) hottest = i;
  }
  Task task{
      .request = {.functions = {}, .level = Level::Full}, .hand_over = true, .with_others = true};
  if (hottest) {
    task.request.functions.push_back(*hottest);
    if (const auto loop = pop_loop_of(*hottest)) {
      task.request.loops.push_back(*loop);
      // Its way in through slots is for frames that there are now: the artifact gets it without.
      functions_[*hottest].served = true;
      task.keep = false;
    } else {
      functions_[*hottest].full = true;
    }
  } else {
    const auto known = std::ranges::find_if(loops_, [&](const LoopId& loop) {
      return is_large(loop.function) && !functions_[loop.function].waits_for_full();
    });
    if (known == loops_.end()) return std::nullopt;
    task.request.loops.push_back(*known);
    task.keep = false;
    loops_.erase(known);
  }
  ++large_tasks_;
  return task;
}

std::optional<Task> Schedule::take_loop() {
  const auto found =
      std::ranges::find_if(loops_, [&](const LoopId& loop) { return !is_large(loop.function); });
  if (found == loops_.end()) return std::nullopt;
  Task task{.request = {.functions = {}, .loops = {*found}, .level = Level::Full},
            .hand_over = true,
            .keep = false};
  loops_.erase(found);
  return task;
}

std::optional<Task> Schedule::take_full(std::uint64_t least_samples) {
  std::vector<std::uint32_t> hot;
  for (std::uint32_t i = 0; i < functions_.size(); ++i) {
    const State& state = functions_[i];
    if (state.waits_for_full() && state.samples >= least_samples && !is_large(i)) hot.push_back(i);
  }
  if (hot.empty()) return std::nullopt;
  const std::size_t most = std::exchange(handed_full_, true) ? kFullBytes : kFirstBytes;
  return hottest_of(std::move(hot), most, Level::Full);
}

std::optional<Task> Schedule::take_link() {
  if (unlinked_ < kPartsToLink) return std::nullopt;
  unlinked_ = 0;
  return Task{.request = {}, .hand_over = true, .with_others = true, .keep = false};
}

std::optional<Task> Schedule::take_rest() {
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

}  // namespace wherry::compile
