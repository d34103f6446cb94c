#include "container/runtime/lifecycle.h"

#include "base/error.h"

namespace wherry::container {
namespace {

struct Transition {
  State from;
  Step step;
  State to;
};
constexpr Transition kTransitions[] = {
    {State::Creating, Step::Create, State::Created}, {State::Creating, Step::End, State::Stopped},
    {State::Created, Step::Start, State::Running},   {State::Created, Step::End, State::Stopped},
    {State::Running, Step::Pause, State::Paused},    {State::Running, Step::End, State::Stopped},
    {State::Paused, Step::Resume, State::Running},   {State::Paused, Step::End, State::Stopped},
    {State::Created, Step::Exec, State::Created},    {State::Running, Step::Exec, State::Running},
    {State::Stopped, Step::Delete, State::Stopped},
};

std::string_view verb_of(Step step) {
  switch (step) {
    case Step::Create:
      return "create";
    case Step::Start:
      return "start";
    case Step::Exec:
      return "exec in";
    case Step::Pause:
      return "pause";
    case Step::Resume:
      return "resume";
    case Step::End:
      return "end";
    case Step::Delete:
      return "delete";
  }
  return "?";
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::Creating:
      return "creating";
    case State::Created:
      return "created";
    case State::Running:
      return "running";
    case State::Paused:
      return "paused";
    case State::Stopped:
      return "stopped";
    case State::Unknown:
      return "unknown";
  }
  return "?";
}

State after(State state, Step step) {
  for (const Transition& known : kTransitions) {
    if (known.from == state && known.step == step) return known.to;
  }
  fail(ErrorKind::FailedPrecondition, "cannot {} a container that is {}", verb_of(step),
       to_string(state));
}

}  // namespace wherry::container
