#include "container/shim/streams.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/shim/terminal.h"
#include "os/file.h"
#include "os/unix_socket.h"

namespace wherry::shim {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLoggerStart{10'000};
constexpr milliseconds kFirstDrainPause{1};
constexpr milliseconds kLongestDrainPause{100};
// Above what a logger's descriptors are to be: see SpawnPlan.
constexpr int kAboveLogger = 10;

os::Fd open_path(const std::string& path, int flags, mode_t mode = 0) {
  return os::Fd(sys([&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode); },
                    "open stream '{}'", path));
}

bool is_fifo(const std::string& path) {
  struct stat status{};
  sys([&] { return ::stat(path.c_str(), &status); }, "open stream '{}'", path);
  return S_ISFIFO(status.st_mode);
}

struct Pipe {
  os::Fd read;
  os::Fd write;
};

Pipe make_pipe() {
  int ends[2];
  sys([&] { return ::pipe2(ends, O_CLOEXEC); }, "make a pipe");
  os::Fd read(ends[0]);
  os::Fd write(ends[1]);
  auto above = [](const os::Fd& fd) {
    return os::Fd(sys([&] { return ::fcntl(fd.get(), F_DUPFD_CLOEXEC, kAboveLogger); },
                      "duplicate a descriptor"));
  };
  return {above(read), above(write)};
}

void make_parents(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != path.npos;
       slash = path.find('/', slash + 1)) {
    std::string parent = path.substr(0, slash);
    if (::mkdir(parent.c_str(), 0755) != 0 && errno != EEXIST) {
      fail_errno(errno, "create directory '{}'", parent);
    }
  }
}

// Whether a fifo holds what nobody has read.
bool has_unread(const os::Fd& fifo) {
  int bytes = 0;
  return fifo.is_open() && ::ioctl(fifo.get(), FIONREAD, &bytes) == 0 && bytes > 0;
}

}  // namespace

Streams::Streams(Context context, StreamNames names)
    : context_(std::move(context)), names_(std::move(names)) {}

Streams::~Streams() {
  if (logger_ready_.is_open()) context_.loop.forget(logger_ready_.get());
  if (logger_timer_) context_.loop.cancel(*logger_timer_);
  if (drain_timer_) context_.loop.cancel(*drain_timer_);
  if (reading_timer_) context_.loop.cancel(*reading_timer_);
  if (!console_path_.empty()) ::unlink(console_path_.c_str());
}

void Streams::open(OnReady on_ready) {
  auto [waits, problem] = outcome_of([&] {
    open_input();
    StreamUri uri = parse_stream_uri(names_.output);
    bool is_logger = uri.scheme.starts_with("binary") && !names_.output.empty();
    if (names_.terminal) listen_for_terminal();
    if (is_logger) return start_logger(uri, on_ready);
    output_ = open_output(names_.output);
    if (!names_.terminal) error_ = open_output(names_.error);
    return false;
  });
  if (!waits) return on_ready(Error(ErrorKind::InvalidArgument, problem));
  if (!*waits) on_ready(std::nullopt);
}

void Streams::open_input() {
  if (names_.input.empty()) return;
  StreamUri uri = parse_stream_uri(names_.input);
  if (uri.scheme != "fifo") {
    fail(ErrorKind::InvalidArgument, "standard input '{}' is not a fifo", names_.input);
  }
  if (!is_fifo(uri.path)) {
    input_theirs_ = open_path(uri.path, O_RDONLY);
    return;
  }
  // While this is open, opening either end waits for nobody.
  os::Fd both = open_path(uri.path, O_RDWR | O_NONBLOCK);
  input_theirs_ = open_path(uri.path, O_RDONLY);
  input_kept_ = open_path(uri.path, O_WRONLY | O_NONBLOCK);
}

Streams::Output Streams::open_file(const std::string& path, bool make) {
  int flags = O_WRONLY | O_APPEND;
  if (make) {
    make_parents(path);
    flags |= O_CREAT;
  }
  return {.kept = {}, .theirs = open_path(path, flags, 0644)};
}

Streams::Output Streams::open_output(const std::string& name) {
  if (name.empty()) return {};
  StreamUri uri = parse_stream_uri(name);
  if (uri.scheme == "file") return open_file(uri.path, /*make=*/true);
  if (uri.scheme != "fifo") {
    fail(ErrorKind::InvalidArgument, "stream '{}' is of a kind that is not known", name);
  }
  if (!is_fifo(uri.path)) return open_file(uri.path, /*make=*/false);
  Output output{.kept = open_path(uri.path, O_RDWR | O_NONBLOCK), .theirs = {}};
  output.theirs = open_path(uri.path, O_WRONLY);
  return output;
}

// The program reads standard output as its 3, standard error as its 4, and closes its 5 when it is
// ready to.
bool Streams::start_logger(const StreamUri& uri, OnReady on_ready) {
  bool must_say_so = uri.scheme == "binary-v2";
  if (uri.scheme != "binary" && !must_say_so) {
    fail(ErrorKind::InvalidArgument, "stream '{}' is of a kind that is not known", names_.output);
  }
  Pipe output = make_pipe();
  Pipe error = make_pipe();
  Pipe ready = make_pipe();
  os::SpawnPlan plan{.path = uri.path,
                     .arguments = {uri.path},
                     .environment = std::vector{"CONTAINER_ID=" + context_.id,
                                                "CONTAINER_NAMESPACE=" + context_.namespace_name},
                     .descriptors = {{.ours = output.read.get(), .theirs = 3},
                                     {.ours = error.read.get(), .theirs = 4},
                                     {.ours = ready.write.get(), .theirs = 5}},
                     .apart = true};
  plan.arguments.insert(plan.arguments.end(), uri.arguments.begin(), uri.arguments.end());
  // It ends by itself, once all that was written to it has been read.
  context_.children.spawn(plan, [](os::ExitStatus) {});
  output_.theirs = std::move(output.write);
  error_.theirs = std::move(error.write);
  logger_ready_ = std::move(ready.read);
  auto done = [this, on_ready](std::optional<Error> problem) {
    context_.loop.forget(logger_ready_.get());
    logger_ready_.reset();
    context_.loop.cancel(*logger_timer_);
    logger_timer_.reset();
    on_ready(std::move(problem));
  };
  logger_timer_ = context_.loop.after(kLoggerStart, [this, done] {
    done(Error(ErrorKind::Unavailable,
               fmt::format("the logging program of '{}' is not ready in time", names_.output)));
  });
  context_.loop.watch(logger_ready_.get(), EPOLLIN, [this, done, must_say_so](std::uint32_t) {
    char byte = 0;
    ssize_t got = ::read(logger_ready_.get(), &byte, 1);
    if (got > 0 || !must_say_so) return done(std::nullopt);
    done(
        Error(ErrorKind::Unavailable,
              fmt::format("the logging program of '{}' ended before it was ready", names_.output)));
  });
  return true;
}

void Streams::listen_for_terminal() {
  console_path_ = fmt::format("{}/{}.pty", context_.socket_directory, os::unique_name());
  console_listener_ = os::bind_unix(console_path_, SOCK_STREAM);
  sys([&] { return ::listen(console_listener_.get(), 1); }, "listen at '{}'", console_path_);
  sys([&] { return ::fcntl(console_listener_.get(), F_SETFL, O_NONBLOCK); },
      "make a socket not block");
}

std::vector<os::GivenDescriptor> Streams::descriptors() const {
  std::vector<os::GivenDescriptor> result;
  if (names_.terminal) return result;
  auto give = [&](const os::Fd& fd, int theirs) {
    if (fd.is_open()) result.push_back({.ours = fd.get(), .theirs = theirs});
  };
  give(input_theirs_, STDIN_FILENO);
  give(output_.theirs, STDOUT_FILENO);
  give(error_.theirs, STDERR_FILENO);
  return result;
}

void Streams::given() {
  if (!names_.terminal) {
    input_theirs_.reset();
    output_.theirs.reset();
    error_.theirs.reset();
    return;
  }
  // The runtime has connected and sent it before it ended.
  os::Fd socket(
      sys([&] { return ::accept4(console_listener_.get(), nullptr, nullptr, SOCK_CLOEXEC); },
          "take over the terminal"));
  os::ReceivedDescriptor received = os::receive_descriptor(socket.get());
  console_listener_.reset();
  ::unlink(console_path_.c_str());
  console_path_.clear();
  error_ = {};
  terminal_ =
      std::make_unique<Terminal>(context_.loop, std::move(received.fd), std::move(input_theirs_),
                                 std::move(output_.theirs), [this] {
                                   // Not from within its own call, and not without this.
                                   drain_timer_ = context_.loop.after(milliseconds(0), [this] {
                                     terminal_.reset();
                                     drain(kFirstDrainPause);
                                   });
                                 });
}

void Streams::resize(std::uint16_t columns, std::uint16_t rows) {
  if (!names_.terminal) fail(ErrorKind::FailedPrecondition, "the process has no terminal");
  if (terminal_) terminal_->resize(columns, rows);
}

void Streams::close_input() { input_kept_.reset(); }

void Streams::ended(OnRead on_read) {
  input_kept_.reset();
  on_read_ = std::move(on_read);
  reading_timer_ =
      context_.loop.after(context_.longest_reading, [this] { stop_waiting_for_readers(); });
  // A terminal's last words are still on their way: it hangs up when they have gone out.
  if (!terminal_ && !drain_timer_) drain(kFirstDrainPause);
}

void Streams::stop_waiting_for_readers() {
  if (!reading_timer_) return;
  context_.loop.cancel(*reading_timer_);
  reading_timer_.reset();
  // It may destroy this.
  OnRead on_read = std::move(on_read_);
  on_read();
}

// The end of a fifo is seen by its reader once no writer is left. One that opens it only now is let
// in, as long as there is something for it to read.
void Streams::drain(milliseconds pause) {
  drain_timer_.reset();
  for (Output* output : {&output_, &error_}) {
    output->theirs.reset();
    if (!has_unread(output->kept)) output->kept.reset();
  }
  if (!output_.kept.is_open() && !error_.kept.is_open()) return stop_waiting_for_readers();
  drain_timer_ =
      context_.loop.after(pause, [this, pause] { drain(std::min(2 * pause, kLongestDrainPause)); });
}

}  // namespace wherry::shim
