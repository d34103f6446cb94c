// What a process of a container reads and writes: fifos that containerd's client holds the other ends
// of, files, logging programs, or a terminal between.
//
// Without a terminal the process has the ends themselves as its descriptors: this program copies
// nothing, and a process that writes faster than somebody reads waits. Of each fifo both ends are held
// open here too, so that a reader may go away and come back without the process noticing, and what
// nobody has read yet is not lost when the process ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "container/shim/children.h"
#include "os/event_loop.h"
#include "os/fd.h"
#include "os/process.h"

namespace wherry::shim {

class Terminal;

// As a client names them: empty is nothing, else "fifo:///path", a bare path, "file:///path",
// "binary:///program?argument=value", or "binary-v2://…", whose program must say that it is ready.
struct StreamNames {
  bool terminal = false;
  std::string input;
  std::string output;
  std::string error;
};

struct StreamUri {
  std::string scheme;  // "fifo" for a bare path
  std::string path;
  std::vector<std::string> arguments;  // of the query, names and values in turn, decoded
  bool operator==(const StreamUri&) const = default;
};
// Throws Error(InvalidArgument) for a malformed one.
StreamUri parse_stream_uri(std::string_view text);

// Thread safety: none.
class Streams {
 public:
  struct Context {
    os::EventLoop& loop;
    Children& children;
    std::string namespace_name;
    std::string id;
    std::string socket_directory;               // where a socket's path is short
    std::chrono::milliseconds longest_reading;  // of what a process that has ended left
  };

  // Opens nothing yet. What the context refers to outlives this.
  Streams(Context context, StreamNames names);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // Opens all. on_ready is called at once or later, once: with an Error where that failed.
  using OnReady = std::function<void(std::optional<Error>)>;
  void open(OnReady on_ready);

  // What a runtime that makes the process is to have as 0, 1 and 2. Requires: ready.
  std::vector<os::GivenDescriptor> descriptors() const;
  // For the runtime's --console-socket; empty without a terminal.
  const std::string& console_socket() const { return console_path_; }
  // The process exists: what was meant for it alone is closed here, and the terminal taken over.
  // Throws Error.
  void given();

  // Throws Error(FailedPrecondition) without a terminal.
  void resize(std::uint16_t columns, std::uint16_t rows);
  void close_input();
  // The process has ended: every stream ends once what it wrote has been read. on_read is called then,
  // at once or later, once; also where it has not been in longest_reading.
  using OnRead = std::function<void()>;
  void ended(OnRead on_read);
  // After ended(): something of what it wrote has not been read yet.
  bool is_draining() const { return terminal_ || drain_timer_; }

  const StreamNames& names() const { return names_; }

 private:
  struct Output {
    os::Fd kept;    // both ends of a fifo
    os::Fd theirs;  // what the process writes to
  };
  void open_input();
  Output open_output(const std::string& name);
  Output open_file(const std::string& path, bool make);
  bool start_logger(const StreamUri& uri, OnReady on_ready);
  void listen_for_terminal();
  void drain(std::chrono::milliseconds pause);
  void stop_waiting_for_readers();

  Context context_;
  StreamNames names_;
  os::Fd input_kept_;  // the end that writes: without it the process would read an end too early
  os::Fd input_theirs_;
  Output output_;
  Output error_;
  os::Fd logger_ready_;
  std::optional<os::EventLoop::TimerId> logger_timer_;
  std::optional<os::EventLoop::TimerId> drain_timer_;
  OnRead on_read_;
  std::optional<os::EventLoop::TimerId> reading_timer_;
  std::string console_path_;
  os::Fd console_listener_;
  std::unique_ptr<Terminal> terminal_;
};

}  // namespace wherry::shim
