// Failures: an operation is over and a person or an RPC peer will be told why.
//
// A failure is thrown as wherry::Error and formatted once, at the top, outermost context first:
//   error: start container 'web': read bundle: open /b/config.json: No such file or directory
// Texts are lower case without a full stop, names in single quotes. What a caller decides on as
// part of its job is a value (std::optional, Trap, Errno), never an Error.
//
// Thread safety: everything here may be used from any thread; one Error object belongs to one
// thread.
#pragma once

#include <fmt/core.h>

#include <cerrno>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace wherry {

enum class ErrorKind {
  InvalidArgument,
  NotFound,
  AlreadyExists,
  FailedPrecondition,
  PermissionDenied,
  ResourceExhausted,
  Unavailable,
  Unimplemented,
  DataLoss,
  Internal,
};

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  ErrorKind kind() const noexcept { return kind_; }
  const char* what() const noexcept override { return message_.c_str(); }

  // Puts what was being done before what went wrong.
  void add_context(std::string_view context) {
    message_.insert(0, ": ");
    message_.insert(0, context);
  }

 private:
  ErrorKind kind_;
  std::string message_;
};

// The kind that an errno value means to a caller.
ErrorKind kind_of_errno(int number) noexcept;

// The C library's text for an errno value, as in "No such file or directory".
std::string errno_text(int number);

template <typename... Args>
[[noreturn]] void fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(kind, fmt::format(format, std::forward<Args>(args)...));
}

// Throws "<message>: <text of number>".
template <typename... Args>
[[noreturn]] void fail_errno(int number, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(kind_of_errno(number),
              fmt::format(format, std::forward<Args>(args)...) + ": " + errno_text(number));
}

// Calls a system call wrapper until it is not interrupted; throws with errno's text on -1.
//   int fd = sys([&] { return ::open(path, O_RDONLY); }, "open {}", path);
template <typename Call, typename... Args>
auto sys(Call&& call, fmt::format_string<Args...> format, Args&&... args) {
  for (;;) {
    auto result = call();
    if (result != -1) return result;
    if (errno != EINTR) fail_errno(errno, format, std::forward<Args>(args)...);
  }
}

// Runs body; an Error that passes through gains describe()'s text as its outermost context.
template <typename Describe, typename Body>
auto in_context(Describe&& describe, Body&& body) {
  try {
    return body();
  } catch (Error& error) {
    error.add_context(describe());
    throw;
  }
}

// What body returns, or the text of the Error it threw: for callers that go on without it.
template <typename Body>
auto outcome_of(Body&& body) -> std::pair<std::optional<decltype(body())>, std::string> {
  try {
    return {std::optional<decltype(body())>(body()), std::string()};
  } catch (const Error& error) {
    return {std::nullopt, error.what()};
  }
}

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace wherry

// For our own bugs, never for input: stays on in release builds, aborts with the place.
#define WHERRY_CHECK(condition) \
  ((condition) ? void() : ::wherry::check_failed(#condition, __FILE__, __LINE__))
