// Processes started from a file, how processes end, and signals passed on to them.
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/types.h>

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::os {

// How a process ended.
struct ExitStatus {
  int code = 0;    // where it exited
  int signal = 0;  // the signal that ended it, else 0
  // As a shell counts it: 128 + n on a signal.
  int exit_code() const { return signal ? 128 + signal : code; }
  bool operator==(const ExitStatus&) const = default;
};
// Of what waitpid() says of a process that has ended.
ExitStatus exit_status_of(int wait_status);

// A descriptor of ours, and the number that a started program knows it by.
struct GivenDescriptor {
  int ours;
  int theirs;
};

enum class ProcessGroup { Ours, New, NewSession };

struct SpawnPlan {
  std::string path;                    // executed as it is, never searched for
  std::vector<std::string> arguments;  // arguments[0] included
  // "KEY=value": all that it gets; ours where there is none.
  std::optional<std::vector<std::string>> environment;
  // Given in this order: one must not have a number that an earlier one took, unless it is to keep it.
  std::vector<GivenDescriptor> descriptors;
  ProcessGroup group = ProcessGroup::Ours;
  // Nothing of how we take signals reaches it, nor a descriptor above those given and 2.
  bool apart = false;
};

// Starts a program and does not wait for it: with our signal mask and what we ignore, unless it is
// apart. Throws Error.
pid_t spawn(const SpawnPlan& plan);

// The environment of this process without the variables named. Each is "NAME".
std::vector<std::string> environment_without(std::initializer_list<std::string_view> names);

// What is seen to while a process is waited for.
class Attendant {
 public:
  virtual ~Attendant() = default;
  // Adds the descriptors that it waits for now.
  virtual void watch(std::vector<pollfd>& watched) = 0;
  // Called when any descriptor has something; watched is all of them, other attendants' too.
  virtual void attend(std::span<const pollfd> watched) = 0;
  // True where it has dealt with a signal that is then not passed on.
  virtual bool take_signal(int number) = 0;
  // Called once, when the process has ended: what it left behind is still to be seen to.
  virtual void finish() = 0;
};

// Waits for one process while passing on to it the signals that would end this one: what `kill`, a
// terminal's Ctrl-C or a service manager sends to us is meant for the container.
//
// From construction to destruction the signals are blocked here, and wait for wait_for().
// Thread safety: none, one at a time in a process.
class SignalForwarder {
 public:
  SignalForwarder();
  ~SignalForwarder();
  SignalForwarder(const SignalForwarder&) = delete;
  SignalForwarder& operator=(const SignalForwarder&) = delete;

  // Puts the old mask back: for the child of clone_child().
  void restore() const noexcept;
  // Passes signals on until the child ends, and reaps it. Throws Error where it is not our child.
  ExitStatus wait_for(pid_t pid) const;
  // The same with attendants, which may throw.
  ExitStatus wait_for(pid_t pid, std::span<Attendant* const> attendants) const;

 private:
  sigset_t watched_;
  sigset_t before_;
};

}  // namespace wherry::os
