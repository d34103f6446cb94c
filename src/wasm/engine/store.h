// What a Store is made of.
#pragma once

#include <deque>
#include <exception>
#include <map>

#include "wasm/artifact/artifact.h"
#include "wasm/engine/instance.h"
#include "wasm/engine/interp/handler.h"

namespace wherry::wasm {

// Instructions of translated functions, in blocks that never move.
class CodeArena {
 public:
  // A copy of words that stays where it is until the arena goes.
  const Slot* keep(std::span<const Slot> words);

 private:
  static constexpr std::size_t kBlockWords = 8192;
  std::vector<std::unique_ptr<Slot[]>> blocks_;
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
};

// Compiled code in use. Later ones come first where both have a function.
struct Published {
  Instance* instance;
  std::shared_ptr<const Artifact> artifact;
};

namespace interp {
struct FunctionLoops;
}
struct LoopEntry;

struct Store::Impl {
  EngineOptions options;
  interp::Context context;
  std::uint8_t* stack = nullptr;  // mapping of options.stack_bytes
  unsigned nesting = 0;           // calls into the guest that are running
  std::exception_ptr pending;     // thrown by a host function, on its way to the entry

  // Deques: addresses stay valid.
  std::deque<Function> functions;
  std::deque<Table> tables;
  std::deque<Memory> memories;
  std::deque<Global> globals;
  std::deque<Instance> instances;
  std::deque<FuncType> types;  // the distinct ones; a type's id is its place here
  std::map<std::pair<std::vector<ValType>, std::vector<ValType>>, std::uint32_t> type_ids;
  // Of compiled code: its stack, mapped at first use; the artifacts in use; thunks for each type id, null
  // where no artifact has one.
  std::uint8_t* native_stack = nullptr;
  std::vector<Published> published;
  std::vector<const void*> entry_thunks;
  std::vector<const void*> exit_thunks;
  std::vector<const Function*> left_frames;  // of a trap on its way to the entry, innermost first
  std::map<const Function*, interp::FunctionLoops> loops;  // of functions that were asked for
  std::map<const Slot*, LoopEntry> loop_entries;           // by the head's instruction
  Instance hostless;  // the caller of a host function that no guest called
  CodeArena code;

  Impl();
  ~Impl();
  std::uint32_t type_id(const FuncType& type);
};

}  // namespace wherry::wasm
