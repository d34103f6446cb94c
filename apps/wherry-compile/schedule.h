// What is compiled next: all of a module, and what a guest waits for before that.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "wasm/artifact/handover.h"
#include "wasm/compiler/compile.h"

namespace wherry::compile {

struct Task {
  wasm::Compiler::Request request;  // with neither functions nor loops: nothing is made
  bool hand_over = false;           // to the guest, at once
  // Linked with all that is well made, so that they call each other directly.
  bool with_others = false;
  bool keep = true;    // for the artifact of the whole module
  bool pause = false;  // there is nothing to do for a moment: ask again
};

// A guest's functions are made quickly first, all that are known to be hot, and then well, the hottest first. What
// is large takes seconds: where there are several threads, one of them is at it as soon as it is known, and the
// others do the rest as far as it is hot, and leave the processors to it; else it comes when all else weighs less.
// What was handed over in parts is linked once more when nothing is left to be done.
//
// Thread safety: any number of threads.
class Schedule {
 public:
  // The module must outlive it.
  Schedule(const wasm::Module& module, unsigned threads);

  // From the guest.
  void hear(const wasm::handover::Message& message);

  // Of these, what nobody has begun is handed out when the guest waits for nothing.
  void begin_pass(std::vector<wasm::Compiler::Request> all);
  // Nothing where all is begun. guest: whether one is there; QuickForGuest counts while it is.
  enum class What : std::uint8_t { All, QuickForGuest };
  std::optional<Task> take(bool guest, What what = What::All);
  void done(const Task& task);
  // Loops that came too late for take().
  std::vector<wasm::LoopId> left() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct State {
    std::uint64_t samples = 0;
    bool quick = false;   // done, or somebody is at it
    bool full = false;    // likewise
    bool served = false;  // likewise, for the guest alone
    std::optional<Clock::time_point> quick_since = {};
    bool is_hot() const { return samples > 0; }
    bool waits_for_full() const { return is_hot() && !full && !served; }
  };

  std::size_t bytes_of(std::uint32_t function) const { return module_.code[function].body.size(); }
  bool is_large(std::uint32_t function) const;
  std::optional<Task> take_for_guest();
  std::optional<Task> take_quick();
  std::optional<Task> take_large();
  std::optional<Task> take_loop();
  std::optional<Task> take_full(std::uint64_t least_samples);
  std::uint64_t samples_to_compete() const;
  std::optional<Task> take_link();
  std::optional<Task> take_rest();
  Task hottest_of(std::vector<std::uint32_t> hot, std::size_t most, wasm::Compiler::Level level);
  std::optional<wasm::LoopId> pop_loop_of(std::uint32_t function);
  bool is_large_due() const;

  const wasm::Module& module_;
  const unsigned threads_;

  mutable std::mutex mu_;
  // Guarded by mu_.
  std::vector<State> functions_;
  std::deque<wasm::LoopId> loops_;  // asked for, not begun
  std::set<wasm::LoopId> known_loops_;
  std::vector<wasm::Compiler::Request> rest_;  // of this pass; those from next_ on are not begun
  std::size_t next_ = 0;
  unsigned large_tasks_ = 0;  // that somebody is at
  bool handed_full_ = false;  // anything yet
  unsigned unlinked_ = 0;     // parts handed over since all were linked
};

}  // namespace wherry::compile
