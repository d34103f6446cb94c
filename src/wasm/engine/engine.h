// The embedding interface (core spec 7.1): instantiate a module, call it, give it host functions.
//
// A Store owns every instance, memory, table, global and function made in it; they live until the
// Store goes. Thread safety: a Store and everything in it belongs to one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "wasm/engine/trap.h"
#include "wasm/engine/value.h"
#include "wasm/format/module.h"

namespace wherry::wasm {

struct Function;
struct Table;
class Memory;
struct Global;
struct Instance;
class Artifact;
class Store;

using Extern = std::variant<Function*, Table*, Memory*, Global*>;

using CallResult = std::variant<Values, Trap>;

// The linear memory a host call was made from. All guest memory is reached through it.
class GuestMemory {
 public:
  GuestMemory(std::uint8_t* base, std::uint64_t size) : base_(base), size_(size) {}
  std::uint64_t size() const { return size_; }

  // The bytes [address, address + length), or nothing where they are not all inside the memory.
  // Valid until the guest runs again. Requires nothing of alignment.
  std::optional<std::span<std::uint8_t>> bytes(std::uint64_t address, std::uint64_t length) const {
    if (address > size_ || length > size_ - address) return std::nullopt;
    return std::span<std::uint8_t>(base_ + address, length);
  }
  template <typename T>
  std::optional<T> load(std::uint64_t address) const {
    auto at = bytes(address, sizeof(T));
    if (!at) return std::nullopt;
    return load_little<T>(at->data());
  }
  template <typename T>
  bool store(std::uint64_t address, T value) const {
    auto at = bytes(address, sizeof(T));
    if (!at) return false;
    store_little(at->data(), value);
    return true;
  }

 private:
  std::uint8_t* base_;
  std::uint64_t size_;
};

// What a host function sees of the call. Arguments and results are raw 64-bit slots, a v128 two of
// them; i32 and f32 stand in the low half. Results overwrite arguments, from slot 0.
struct HostCall {
  std::span<std::uint64_t> slots;  // max(argument slots, result slots)
  Instance& caller;

  std::uint32_t i32(std::size_t slot) const { return static_cast<std::uint32_t>(slots[slot]); }
  std::uint64_t i64(std::size_t slot) const { return slots[slot]; }
  void return_i32(std::uint32_t value) { slots[0] = value; }
  void return_i64(std::uint64_t value) { slots[0] = value; }
  GuestMemory memory() const;  // memory 0 of the caller; empty where it has none
};

// A plain function pointer with what it works on. It may throw: the exception leaves the guest by
// the trap path and comes out of call() unchanged. Returning a trap kind traps the guest.
using HostFunction = TrapKind (*)(void* context, HostCall& call);

// Thrown through the guest to end it (WASI's proc_exit): not a failure.
struct GuestExit {
  std::uint32_t code;
};

struct EngineOptions {
  std::uint64_t stack_bytes = 8u << 20;    // the guest's own stack; exhausting it is a trap
  std::uint32_t max_memory_pages = 65536;  // memory.grow fails above it, instantiation is refused
  // What memory.grow may reach at the moment, where that can change; asked at every growth. Does not throw.
  std::function<std::uint32_t()> memory_pages_now;
  // Called when a function was translated for its first call, before it runs: a moment at which tests publish
  // code. function: without the imports.
  std::function<void(Instance& instance, std::uint32_t function)> on_translation;
};

class Store {
 public:
  explicit Store(const EngineOptions& options = {});
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Function* host_function(const FuncType& type, HostFunction function, void* context);
  Table* new_table(const TableType& type, const Value& init);
  Memory* new_memory(const MemoryType& type);
  Global* new_global(const GlobalType& type, const Value& init);

  // Finds what an import names; nothing where nobody provides it.
  using Resolver = std::function<std::optional<Extern>(const Import&)>;

  struct Instantiated {
    Instance* instance = nullptr;
    std::optional<Trap>
        trap;  // of an active segment or the start function; the instance stays usable by others
  };
  // Requires: the module was validated; it and its bytes outlive the Store.
  // Throws Error(FailedPrecondition) for imports that are missing or of another type, naming them:
  // "unknown import: 'env.foo' (function (i32) -> (i32)) is provided by nobody".
  // artifact: of this module; its functions run compiled.
  Instantiated instantiate(const Module& module, const Resolver& resolve,
                           std::shared_ptr<const Artifact> artifact = nullptr);

  // From its next call on, each function that the artifact has runs compiled, and one that is in a loop which
  // the artifact can enter goes on compiled from the loop's head. Any number of times, for all
  // functions or some, at any time but from another thread.
  // Throws Error(FailedPrecondition) for an artifact of another module.
  void publish(Instance& instance, std::shared_ptr<const Artifact> artifact);

  // Requires: arguments of the function's parameter types.
  CallResult call(Function* function, std::span<const Value> arguments);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

const FuncType& type_of(const Function& function);
GlobalType type_of(const Global& global);
TableType type_of(const Table& table);     // min is the present size
MemoryType type_of(const Memory& memory);  // min is the present size
Value get(const Global& global);

std::optional<Extern> find_export(const Instance& instance, std::string_view name);
const Module& module_of(const Instance& instance);

}  // namespace wherry::wasm
