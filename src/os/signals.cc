#include "os/signals.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>

namespace wherry::os {
namespace {

// Those whose default action is to end the process, less the faults.
constexpr std::array kEnding = {SIGHUP,    SIGINT,  SIGQUIT, SIGTERM,   SIGUSR1, SIGUSR2, SIGALRM,
                                SIGVTALRM, SIGPROF, SIGPOLL, SIGSTKFLT, SIGPWR,  SIGXCPU, SIGXFSZ};

// Not _exit: before a call that does not return, instrumented code reads /proc, which may not be there.
void end(int number) { ::syscall(SYS_exit_group, 128 + number); }

struct SignalName {
  std::string_view name;
  int number;
};
constexpr SignalName kNames[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},       {"QUIT", SIGQUIT}, {"ILL", SIGILL},
    {"TRAP", SIGTRAP}, {"ABRT", SIGABRT},     {"IOT", SIGIOT},   {"BUS", SIGBUS},
    {"FPE", SIGFPE},   {"KILL", SIGKILL},     {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2}, {"PIPE", SIGPIPE},     {"ALRM", SIGALRM}, {"TERM", SIGTERM},
    {"CHLD", SIGCHLD}, {"STKFLT", SIGSTKFLT}, {"CLD", SIGCHLD},  {"CONT", SIGCONT},
    {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},     {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},
    {"URG", SIGURG},   {"XCPU", SIGXCPU},     {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM},
    {"PROF", SIGPROF}, {"WINCH", SIGWINCH},   {"IO", SIGIO},     {"POLL", SIGPOLL},
    {"PWR", SIGPWR},   {"SYS", SIGSYS}};

// What the kernel counts, not what the C library keeps to itself.
constexpr int kFirstRealTime = 34;
constexpr int kLastRealTime = 64;

std::optional<int> number_in(std::string_view text) {
  int number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int> in_range(int number) {
  return number >= 0 && number <= kLastRealTime ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<int> signal_number(std::string_view name) {
  if (auto number = number_in(name)) return in_range(*number);
  std::string upper;
  for (char c : name) upper += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  std::string_view word = upper;
  if (word.starts_with("SIG")) word.remove_prefix(3);
  for (const SignalName& known : kNames) {
    if (known.name == word) return known.number;
  }
  if (word == "RTMIN") return kFirstRealTime;
  if (word == "RTMAX") return kLastRealTime;
  if (word.starts_with("RTMIN+") || word.starts_with("RTMAX-")) {
    auto offset = number_in(word.substr(6));
    if (!offset || *offset < 0 || *offset > kLastRealTime - kFirstRealTime) return std::nullopt;
    return word[3] == 'M' && word[4] == 'I' ? kFirstRealTime + *offset : kLastRealTime - *offset;
  }
  return std::nullopt;
}

void end_on_signals() noexcept {
  struct sigaction action{};
  action.sa_handler = end;
  action.sa_flags = SA_ONSTACK;  // the guest's stack may be full
  for (int number : kEnding) ::sigaction(number, &action, nullptr);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace wherry::os
