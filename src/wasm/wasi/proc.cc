#include "wasm/wasi/functions.h"

namespace wherry::wasi {
namespace {

// What a signal does to a program that handles none, by the guest's numbers 0 to 30.
enum class Effect : std::uint8_t { Nothing, Ends, Stops };

constexpr Effect kEffects[] = {
    Effect::Nothing,  // none
    Effect::Ends,     // hup
    Effect::Ends,     // int
    Effect::Ends,     // quit
    Effect::Ends,     // ill
    Effect::Ends,     // trap
    Effect::Ends,     // abrt
    Effect::Ends,     // bus
    Effect::Ends,     // fpe
    Effect::Ends,     // kill
    Effect::Ends,     // usr1
    Effect::Ends,     // segv
    Effect::Ends,     // usr2
    Effect::Ends,     // pipe
    Effect::Ends,     // alrm
    Effect::Ends,     // term
    Effect::Nothing,  // chld
    Effect::Nothing,  // cont
    Effect::Stops,    // stop
    Effect::Stops,    // tstp
    Effect::Stops,    // ttin
    Effect::Stops,    // ttou
    Effect::Nothing,  // urg
    Effect::Ends,     // xcpu
    Effect::Ends,     // xfsz
    Effect::Ends,     // vtalrm
    Effect::Ends,     // prof
    Effect::Nothing,  // winch
    Effect::Ends,     // poll
    Effect::Ends,     // pwr
    Effect::Ends,     // sys
};

// The guest's numbers leave out the kernel's 16 (SIGSTKFLT).
constexpr u32 host_signal(u32 guest) { return guest < 16 ? guest : guest + 1; }

}  // namespace

void proc_exit(State&, Memory, u32 code) { throw wasm::GuestExit{code}; }

// The signal ends the guest, not the process that hosts it: as a shell reports it, 128 and the
// number.
Errno proc_raise(State&, Memory, u32 signal) {
  if (signal >= std::size(kEffects)) return Errno::Inval;
  if (kEffects[signal] == Effect::Ends) throw wasm::GuestExit{128 + host_signal(signal)};
  return kEffects[signal] == Effect::Nothing ? Errno::Success : Errno::Notsup;
}

}  // namespace wherry::wasi
