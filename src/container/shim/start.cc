#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "container/shim/actions.h"
#include "container/shim/bootstrap.h"
#include "container/shim/bundle_facts.h"
#include "os/file.h"
#include "os/process.h"
#include "os/program.h"
#include "os/unix_socket.h"

namespace wherry::shim {
namespace {

constexpr int kBacklog = 128;

bool is_served(const std::string& path) {
  return outcome_of([&] { return os::connect_unix(path, SOCK_STREAM); }).first.has_value();
}

// Nothing where somebody serves it already.
os::Fd listen_at(const std::string& path) {
  std::string directory = path.substr(0, path.rfind('/'));
  for (std::size_t slash = directory.find('/', 1);; slash = directory.find('/', slash + 1)) {
    std::string one = directory.substr(0, slash);
    if (::mkdir(one.c_str(), 0711) != 0 && errno != EEXIST) {
      fail_errno(errno, "create directory '{}'", one);
    }
    if (slash == directory.npos) break;
  }
  // Two containers of a pod may be started at once.
  os::Fd lock(sys([&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); },
                  "open directory '{}'", directory));
  sys([&] { return ::flock(lock.get(), LOCK_EX); }, "lock directory '{}'", directory);
  if (is_served(path)) return {};
  ::unlink(path.c_str());
  mode_t before = ::umask(0177);
  auto [listener, problem] = outcome_of([&] { return os::bind_unix(path, SOCK_STREAM); });
  ::umask(before);
  if (!listener) fail(ErrorKind::Unavailable, "{}", problem);
  sys([&] { return ::listen(listener->get(), kBacklog); }, "listen at '{}'", path);
  return std::move(*listener);
}

// Where containerd reads what a shim says of itself; it holds the other end.
os::Fd open_log() {
  int log = ::open("log", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (log < 0) log = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  return os::Fd(log);
}

// Nothing of ours stays open in it: containerd waits until our standard output is closed.
void spawn_server(const Invocation& invocation, const Bootstrap& bootstrap, const std::string& path,
                  const os::Fd& listener) {
  os::Fd nothing(sys([] { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }, "open '/dev/null'"));
  os::Fd log = open_log();
  std::string program = os::own_program();
  std::vector<std::string> environment =
      os::environment_without({"TTRPC_ADDRESS", "GOMAXPROCS", "SCHED_CORE"});
  environment.push_back("TTRPC_ADDRESS=" + bootstrap.ttrpc_address);
  os::SpawnPlan plan{
      .path = program,
      .arguments = {program, "-namespace", invocation.namespace_name, "-id", invocation.id,
                    "-address", bootstrap.grpc_address, "-socket", path, "serve"},
      .environment = std::move(environment),
      .descriptors = {{.ours = nothing.get(), .theirs = STDIN_FILENO},
                      {.ours = nothing.get(), .theirs = STDOUT_FILENO},
                      {.ours = log.get(), .theirs = STDERR_FILENO},
                      {.ours = listener.get(), .theirs = kListener}},
      .group = os::ProcessGroup::NewSession,
      .apart = true};
  os::spawn(plan);
}

// Nothing where it is closed.
std::string read_stream(int fd, std::size_t limit) {
  std::string text;
  char buffer[4096];
  for (;;) {
    ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EBADF) return text;
    if (got < 0) fail_errno(errno, "read the standard input");
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > limit) {
      fail(ErrorKind::ResourceExhausted, "the standard input is longer than {} bytes", limit);
    }
  }
}

}  // namespace

void print_bytes(const std::string& bytes) {
  in_context([] { return std::string("write the answer"); },
             [&] { os::write_all(STDOUT_FILENO, as_bytes(bytes)); });
}

void start(const Invocation& invocation) {
  Bootstrap bootstrap = parse_bootstrap(read_stream(STDIN_FILENO, kMaxBootstrapBytes), invocation);
  std::string group = group_of(read_bundle_facts("."), invocation.id);
  std::string path = socket_path(bootstrap.socket_directory, invocation, group);
  os::Fd listener = listen_at(path);
  std::string address = "unix://" + path;
  // containerd 1.6 and 1.7 read it again after they have been restarted.
  os::put_file("address", address, 0600);
  if (listener.is_open()) spawn_server(invocation, bootstrap, path, listener);
  print_bytes(bootstrap_answer(bootstrap.dialect, address));
}

}  // namespace wherry::shim
