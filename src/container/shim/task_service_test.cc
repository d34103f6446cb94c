// The service under a scripted containerd, over a scripted runtime: every call in every state, and the
// events that go with it. Neither needs any privilege.
#include "container/shim/task_service.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "container/shim/bootstrap.pb.h"
#include "container/shim/events.pb.h"
#include "container/shim/task.pb.h"
#include "container/ttrpc/server.h"
#include "os/file.h"
#include "os/unix_socket.h"

namespace wherry::shim {
namespace {

using std::chrono::milliseconds;

// As wherry-runtime behaves, with shell scripts of the bundle as payloads. Each call is a line of
// `calls`.
constexpr const char* kRuntime = R"sh(#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    --root) root=$2; shift 2 ;;
    --log) log=$2; shift 2 ;;
    --log-format) shift 2 ;;
    --systemd-cgroup) shift ;;
    *) break ;;
  esac
done
verb=$1
echo "$*" >>"$(dirname "$0")/calls"
for id; do :; done
while [ $# -gt 0 ]; do
  case $1 in
    --bundle) bundle=$2 ;;
    --pid-file) pid_file=$2 ;;
    --resources) resources=$2 ;;
    --process) process=$2 ;;
  esac
  shift
done
refuse() { printf '{"level":"error","msg":"%s"}\n' "$1" >"$log"; exit 1; }
[ -f "$root/fail-$verb" ] && refuse "$(cat "$root/fail-$verb")"
case $verb in
  create)
    exec 3<&0 # the shell gives what is in the background no input of its own accord
    mkdir -p "$root/$id"
    sh -c "trap 'exit 143' TERM; while [ ! -e $root/$id/started ]; do sleep 0.01; done; . $bundle/payload" <&3 3<&- &
    echo $! >"$root/$id/pid"
    printf %s $! >"$pid_file"
    ;;
  start) touch "$root/$id/started"; [ ! -e "$root/slow-start" ] || sleep 0.3 ;;
  exec) cp "$process" "$root/process"; sh "$root/exec" & printf %s $! >"$pid_file" ;;
  delete)
    [ ! -e "$root/$id/pid" ] || kill -9 "$(cat "$root/$id/pid")" 2>/dev/null
    sleep 0.02
    rm -rf "${root:?}/$id"
    ;;
  update) cp "$resources" "$root/resources" ;;
  kill) kill -9 "$(cat "$root/$id/pid")" 2>/dev/null ;;
esac
exit 0
)sh";

struct Answer {
  std::int32_t code = -1;
  std::string text;
};

class Service : public testing::Test {
 protected:
  std::filesystem::path folder_ = testing::TempDir() + os::unique_name();
  std::string bundle_ = folder_ / "bundle";
  std::string root_ = folder_ / "root";
  os::EventLoop loop_{[](std::string_view error) { ADD_FAILURE() << error; }};
  std::vector<wire::Envelope> events_;
  std::unique_ptr<ttrpc::Server> containerd_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<TaskService> service_;
  bool is_shut_down_ = false;

  void SetUp() override {
    std::filesystem::create_directories(bundle_);
    std::filesystem::create_directories(root_ + "/test");
    write(folder_ / "runtime", kRuntime);
    ::chmod((folder_ / "runtime").c_str(), 0755);
    write(bundle_ + "/config.json", "{}");
    payload("exit 7");
    start_containerd();
    publisher_ = std::make_unique<Publisher>(loop_, folder_ / "events", "test");
    service_ = std::make_unique<TaskService>(
        TaskService::Environment{.loop = loop_,
                                 .publisher = *publisher_,
                                 .namespace_name = "test",
                                 .address = "/not/there",
                                 .program = folder_ / "fetcher",
                                 .runtime = folder_ / "runtime",
                                 .socket_directory = folder_,
                                 .on_shutdown = [this] { is_shut_down_ = true; }});
  }
  void TearDown() override {
    if (task_pid_ > 0) ::kill(task_pid_, SIGKILL);
    service_.reset();
    std::filesystem::remove_all(folder_);
  }

  static void write(const std::string& path, std::string_view text) { std::ofstream(path) << text; }
  static std::string read(const std::string& path) {
    return os::read_file(AT_FDCWD, path, 1 << 20);
  }
  void put_fetcher(const std::string& script);
  void payload(const std::string& script) { write(bundle_ + "/payload", script); }

  void start_containerd() {
    std::string path = folder_ / "events";
    ::unlink(path.c_str());
    os::Fd listener = os::bind_unix(path, SOCK_STREAM);
    ::listen(listener.get(), 8);
    ::fcntl(listener.get(), F_SETFL, O_NONBLOCK);
    auto take = [this](std::string_view method, std::string_view payload,
                       const ttrpc::Responder& responder) {
      EXPECT_EQ(method, "Forward");
      wire::ForwardRequest request;
      EXPECT_TRUE(request.ParseFromArray(payload.data(), static_cast<int>(payload.size())));
      EXPECT_EQ(request.envelope().namespace_(), "test");
      events_.push_back(request.envelope());
      responder.reply(wire::Empty());
    };
    containerd_ =
        std::make_unique<ttrpc::Server>(loop_, std::move(listener),
                                        std::map<std::string, ttrpc::Service>{
                                            {"containerd.services.events.ttrpc.v1.Events", take}});
  }

  template <typename Condition>
  void until(Condition&& condition) {
    for (int turn = 0; turn < 5000 && !condition(); ++turn) turn_for(milliseconds(1));
    EXPECT_TRUE(condition());
  }
  void turn_for(milliseconds time) {
    auto timer = loop_.after(time, [this] { loop_.stop(); });
    loop_.run();
    loop_.cancel(timer);
  }

  // The answer arrives in the loop.
  std::shared_ptr<Answer> send(const std::string& method,
                               const google::protobuf::MessageLite& request) {
    auto answer = std::make_shared<Answer>();
    ttrpc::Responder responder([answer](std::int32_t code, std::string_view text) {
      *answer = {.code = code, .text = std::string(text)};
    });
    try {
      service_->call(method, request.SerializeAsString(), responder);
    } catch (const Error& error) {
      responder.fail(error);
    }
    return answer;
  }
  Answer call(const std::string& method, const google::protobuf::MessageLite& request) {
    auto answer = send(method, request);
    until([&] { return answer->code >= 0; });
    return *answer;
  }
  template <typename Response>
  Response ok(const std::string& method, const google::protobuf::MessageLite& request) {
    Answer answer = call(method, request);
    EXPECT_EQ(answer.code, 0) << method << ": " << answer.text;
    Response response;
    EXPECT_TRUE(response.ParseFromString(answer.code == 0 ? answer.text : ""));
    return response;
  }
  template <typename Request>
  static Request about(const std::string& id = "web") {
    Request request;
    request.set_id(id);
    return request;
  }
  template <typename Request>
  static Request about_exec(const std::string& exec_id) {
    Request request;
    request.set_id("web");
    request.set_exec_id(exec_id);
    return request;
  }

  wire::CreateTaskRequest create_request(const std::string& id = "web") {
    auto request = about<wire::CreateTaskRequest>(id);
    request.set_bundle(bundle_);
    wire::RuncOptions options;
    options.set_root(root_);
    request.mutable_options()->set_type_url("containerd.runc.v1.Options");
    request.mutable_options()->set_value(options.SerializeAsString());
    return request;
  }
  pid_t create() {
    task_pid_ = static_cast<pid_t>(ok<wire::CreateTaskResponse>("Create", create_request()).pid());
    EXPECT_GT(task_pid_, 0);
    return task_pid_;
  }
  void start() { ok<wire::StartResponse>("Start", about<wire::StartRequest>()); }
  wire::StateResponse state() {
    return ok<wire::StateResponse>("State", about<wire::StateRequest>());
  }
  wire::WaitResponse wait() {
    auto response = ok<wire::WaitResponse>("Wait", about<wire::WaitRequest>());
    task_pid_ = 0;
    return response;
  }
  std::vector<std::string> topics(std::size_t count) {
    until([&] { return events_.size() >= count; });
    turn_for(milliseconds(20));
    std::vector<std::string> result;
    for (const wire::Envelope& event : events_) result.push_back(event.topic());
    return result;
  }

  pid_t task_pid_ = 0;
};

constexpr int kNotFound = 5;
constexpr int kAlreadyExists = 6;
constexpr int kFailedPrecondition = 9;
constexpr int kUnimplemented = 12;

TEST_F(Service, TakesAContainerThroughItsLife) {
  pid_t pid = create();
  EXPECT_EQ(::kill(pid, 0), 0);
  EXPECT_EQ(state().status(), wire::CREATED);
  EXPECT_EQ(state().pid(), static_cast<std::uint32_t>(pid));
  start();
  EXPECT_EQ(wait().exit_status(), 7u);
  EXPECT_EQ(state().status(), wire::STOPPED);
  EXPECT_EQ(state().exit_status(), 7u);
  EXPECT_GT(state().exited_at().seconds(), 0);
  auto deleted = ok<wire::DeleteResponse>("Delete", about<wire::DeleteRequest>());
  EXPECT_EQ(deleted.exit_status(), 7u);
  EXPECT_EQ(deleted.pid(), static_cast<std::uint32_t>(pid));
  EXPECT_EQ(call("State", about<wire::StateRequest>()).code, kNotFound);
  EXPECT_EQ(topics(4), (std::vector<std::string>{"/tasks/create", "/tasks/start", "/tasks/exit",
                                                 "/tasks/delete"}));
  wire::TaskExit exit;
  EXPECT_EQ(events_[2].event().type_url(), "containerd.events.TaskExit");
  ASSERT_TRUE(exit.ParseFromString(events_[2].event().value()));
  EXPECT_EQ(exit.container_id(), "web");
  EXPECT_EQ(exit.id(), "web");
  EXPECT_EQ(exit.exit_status(), 7u);
}

// Docker wires the network of that process before it starts it.
TEST_F(Service, NamesTheSamePidEverywhereBeforeTheStart) {
  auto pid = static_cast<std::uint32_t>(create());
  auto connected = ok<wire::ConnectResponse>("Connect", about<wire::ConnectRequest>());
  EXPECT_EQ(connected.task_pid(), pid);
  EXPECT_EQ(connected.shim_pid(), static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(state().pid(), pid);
  auto pids = ok<wire::PidsResponse>("Pids", about<wire::PidsRequest>());
  ASSERT_GE(pids.processes_size(), 1);
  EXPECT_EQ(pids.processes(0).pid(), pid);
}

TEST_F(Service, StartOfAShortProgramIsToldBeforeItsEnd) {
  write(root_ + "/test/slow-start", "");
  create();
  start();
  wait();
  EXPECT_EQ(topics(3), (std::vector<std::string>{"/tasks/create", "/tasks/start", "/tasks/exit"}));
}

TEST_F(Service, KillsWhatWasOnlyCreated) {
  create();
  auto waiting = send("Wait", about<wire::WaitRequest>());
  auto kill = about<wire::KillRequest>();
  kill.set_signal(SIGKILL);
  ok<wire::Empty>("Kill", kill);
  until([&] { return waiting->code == 0; });
  wire::WaitResponse ended;
  ASSERT_TRUE(ended.ParseFromString(waiting->text));
  EXPECT_EQ(ended.exit_status(), 137u);
  EXPECT_EQ(call("Start", about<wire::StartRequest>()).code, kFailedPrecondition);
  EXPECT_EQ(call("Kill", kill).code, kNotFound);
  ok<wire::DeleteResponse>("Delete", about<wire::DeleteRequest>());
}

TEST_F(Service, DeletesWhatWasOnlyCreated) {
  create();
  EXPECT_EQ(ok<wire::DeleteResponse>("Delete", about<wire::DeleteRequest>()).exit_status(), 137u);
  EXPECT_EQ(topics(3), (std::vector<std::string>{"/tasks/create", "/tasks/exit", "/tasks/delete"}));
}

TEST_F(Service, RefusesToDeleteWhatRuns) {
  payload("sleep 100");
  create();
  start();
  EXPECT_EQ(call("Delete", about<wire::DeleteRequest>()).code, kFailedPrecondition);
  EXPECT_EQ(call("Start", about<wire::StartRequest>()).code, kFailedPrecondition);
}

TEST_F(Service, AnswersAllThatWait) {
  create();
  auto first = send("Wait", about<wire::WaitRequest>());
  auto second = send("Wait", about<wire::WaitRequest>());
  start();
  until([&] { return first->code == 0 && second->code == 0; });
  EXPECT_EQ(first->text, second->text);
  // Also after the end.
  EXPECT_EQ(call("Wait", about<wire::WaitRequest>()).text, first->text);
}

TEST_F(Service, SaysWhyTheRuntimeRefused) {
  write(root_ + "/test/fail-create", "entrypoint '/x' not found");
  Answer answer = call("Create", create_request());
  EXPECT_NE(answer.code, 0);
  EXPECT_NE(answer.text.find("entrypoint '/x' not found"), std::string::npos) << answer.text;
  EXPECT_EQ(call("State", about<wire::StateRequest>()).code, kNotFound);
  std::filesystem::remove(root_ + "/test/fail-create");
  create();
  write(root_ + "/test/fail-start", "no such luck");
  EXPECT_NE(call("Start", about<wire::StartRequest>()).text.find("no such luck"),
            std::string::npos);
}

TEST_F(Service, KnowsNoContainerThatWasNotMade) {
  const std::vector<std::pair<std::string, std::string>> calls = {
      {"State", about<wire::StateRequest>("other").SerializeAsString()},
      {"Start", ""},
      {"Delete", ""},
      {"Pids", ""},
      {"Pause", ""},
      {"Resume", ""},
      {"Kill", ""},
      {"Exec", ""},
      {"Wait", ""},
      {"Stats", ""},
      {"Update", ""},
      {"ResizePty", ""},
      {"CloseIO", ""}};
  for (const auto& [method, ignored] : calls) {
    EXPECT_EQ(call(method, about<wire::StateRequest>("other")).code, kNotFound) << method;
  }
  EXPECT_EQ(ok<wire::ConnectResponse>("Connect", about<wire::ConnectRequest>("other")).task_pid(),
            0u);
}

constexpr const char* kFetcher = R"sh(#!/bin/sh
echo "$*" >>"$(dirname "$0")/fetches"
while [ $# -gt 1 ]; do
  [ "$1" = -bundle ] && bundle=$2
  shift 2
done
)sh";

void Service::put_fetcher(const std::string& script) {
  write(folder_ / "fetcher", kFetcher + script + "\nexit\n");
  ::chmod((folder_ / "fetcher").c_str(), 0755);
}

// Another program looks for the module in containerd's store, only where the file is nowhere to be found.
TEST_F(Service, FetchesAModuleThatIsNotInTheRoot) {
  put_fetcher("echo module >\"$bundle/module.wasm\"");
  std::filesystem::create_directories(bundle_ + "/rootfs");
  write(bundle_ + "/rootfs/app.wasm", "");
  write(bundle_ + "/config.json",
        R"({"process":{"args":["/app.wasm#init"]},"root":{"path":"rootfs"}})");
  create();
  ok<wire::DeleteResponse>("Delete", about<wire::DeleteRequest>());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "fetches"));
  EXPECT_EQ(read(folder_ / "calls").find("--module"), std::string::npos);

  write(bundle_ + "/config.json", R"({"process":{"args":["/"]},"root":{"path":"rootfs"}})");
  create();
  EXPECT_EQ(read(folder_ / "fetches"),
            "-namespace test -id web -address /not/there -bundle " + bundle_ + " fetch\n");
  const std::string module = bundle_ + "/module.wasm";
  EXPECT_NE(read(folder_ / "calls").find("--module " + module + " web\n"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(module));
  ok<wire::DeleteResponse>("Delete", about<wire::DeleteRequest>());
  EXPECT_FALSE(std::filesystem::exists(module));
}

TEST_F(Service, MakesAContainerOfAnImageWithoutAModuleAsItIs) {
  put_fetcher("");
  write(bundle_ + "/module.wasm", "somebody's");
  write(bundle_ + "/config.json", R"({"process":{"args":["/missing"]},"root":{"path":"rootfs"}})");
  write(root_ + "/test/fail-create", "entrypoint '/missing' not found");
  EXPECT_NE(call("Create", create_request()).text.find("entrypoint '/missing' not found"),
            std::string::npos);
  EXPECT_EQ(read(folder_ / "calls").find("--module"), std::string::npos);
}

TEST_F(Service, SaysWhyAModuleCouldNotBeFetched) {
  put_fetcher("echo 'shim: error: fetch the module: blob is corrupt' >&2; exit 1");
  write(bundle_ + "/config.json", R"({"process":{"args":["/"]},"root":{"path":"rootfs"}})");
  EXPECT_EQ(call("Create", create_request()).text, "fetch the module: blob is corrupt");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "calls"));
  put_fetcher("kill -9 $$");
  EXPECT_NE(call("Create", create_request()).text.find("signal 9"), std::string::npos);
  EXPECT_EQ(call("State", about<wire::StateRequest>()).code, kNotFound);
  // config.json, the payload, and the options for `delete`.
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(bundle_)) ++files;
  EXPECT_EQ(files, 3u);
}

TEST_F(Service, RefusesASecondOfTheSameId) {
  create();
  EXPECT_EQ(call("Create", create_request()).code, kAlreadyExists);
}

TEST_F(Service, DoesNotCheckpointAndSaysSo) {
  create();
  EXPECT_EQ(call("Checkpoint", about<wire::StateRequest>()).code, kUnimplemented);
  EXPECT_EQ(call("Unheard", about<wire::StateRequest>()).code, kUnimplemented);
  auto restored = create_request("other");
  restored.set_checkpoint("/c");
  EXPECT_EQ(call("Create", restored).code, kUnimplemented);
}

TEST_F(Service, PausesResumesAndUpdates) {
  payload("sleep 100");
  create();
  EXPECT_EQ(call("Pause", about<wire::PauseRequest>()).code, kFailedPrecondition);
  start();
  EXPECT_EQ(call("Resume", about<wire::ResumeRequest>()).code, kFailedPrecondition);
  ok<wire::Empty>("Pause", about<wire::PauseRequest>());
  EXPECT_EQ(state().status(), wire::PAUSED);
  ok<wire::Empty>("Resume", about<wire::ResumeRequest>());
  EXPECT_EQ(state().status(), wire::RUNNING);
  auto update = about<wire::UpdateTaskRequest>();
  update.mutable_resources()->set_value(R"({"memory":{"limit":1}})");
  ok<wire::Empty>("Update", update);
  EXPECT_EQ(read(root_ + "/test/resources"), R"({"memory":{"limit":1}})");
  EXPECT_EQ(topics(4), (std::vector<std::string>{"/tasks/create", "/tasks/start", "/tasks/paused",
                                                 "/tasks/resumed"}));
}

TEST_F(Service, RunsASecondProcessInIt) {
  payload("sleep 100");
  // The shell that plays the runtime would wait for one that ends before it.
  write(root_ + "/test/exec", "sleep 0.1; exit 3");
  create();
  auto exec = about_exec<wire::ExecProcessRequest>("probe");
  exec.mutable_spec()->set_value(R"({"args":["/health.wasm"],"cwd":"/","terminal":true})");
  EXPECT_EQ(call("Exec", exec).code, kFailedPrecondition);
  start();
  ok<wire::Empty>("Exec", exec);
  EXPECT_EQ(call("Exec", exec).code, kAlreadyExists);
  auto kill = about_exec<wire::KillRequest>("probe");
  kill.set_signal(SIGTERM);
  EXPECT_EQ(call("Kill", kill).code, kFailedPrecondition);
  auto started = ok<wire::StartResponse>("Start", about_exec<wire::StartRequest>("probe"));
  EXPECT_EQ(ok<wire::WaitResponse>("Wait", about_exec<wire::WaitRequest>("probe")).exit_status(),
            3u);
  auto state = ok<wire::StateResponse>("State", about_exec<wire::StateRequest>("probe"));
  EXPECT_EQ(state.status(), wire::STOPPED);
  EXPECT_EQ(state.pid(), started.pid());
  // Whether there is a terminal is said by the call, whatever the process says of itself.
  EXPECT_NE(read(root_ + "/test/process").find(R"("terminal":false)"), std::string::npos);
  EXPECT_EQ(
      ok<wire::DeleteResponse>("Delete", about_exec<wire::DeleteRequest>("probe")).exit_status(),
      3u);
  EXPECT_EQ(call("State", about_exec<wire::StateRequest>("probe")).code, kNotFound);
  EXPECT_EQ(topics(5),
            (std::vector<std::string>{"/tasks/create", "/tasks/start", "/tasks/exec-added",
                                      "/tasks/exec-started", "/tasks/exit"}));
  wire::TaskExit exit;
  ASSERT_TRUE(exit.ParseFromString(events_[4].event().value()));
  EXPECT_EQ(exit.id(), "probe");
}

TEST_F(Service, ReportsAnExecThatCannotRun) {
  payload("sleep 100");
  create();
  start();
  auto exec = about_exec<wire::ExecProcessRequest>("probe");
  exec.mutable_spec()->set_value("{}");
  ok<wire::Empty>("Exec", exec);
  write(root_ + "/test/fail-exec", "entrypoint 'sh' not found");
  Answer answer = call("Start", about_exec<wire::StartRequest>("probe"));
  EXPECT_NE(answer.text.find("entrypoint 'sh' not found"), std::string::npos);
  ok<wire::DeleteResponse>("Delete", about_exec<wire::DeleteRequest>("probe"));
}

TEST_F(Service, KeepsEventsWhileContainerdIsAway) {
  containerd_.reset();
  create();
  start();
  wait();
  turn_for(milliseconds(100));
  EXPECT_TRUE(events_.empty());
  start_containerd();
  EXPECT_EQ(topics(3), (std::vector<std::string>{"/tasks/create", "/tasks/start", "/tasks/exit"}));
  until([&] { return publisher_->is_idle(); });
}

TEST_F(Service, ShutsDownOnlyWhenNothingIsLeft) {
  create();
  ok<wire::Empty>("Shutdown", about<wire::ShutdownRequest>());
  EXPECT_FALSE(is_shut_down_);
  start();
  wait();
  // Its end is still to be asked for.
  ok<wire::Empty>("Shutdown", about<wire::ShutdownRequest>());
  EXPECT_FALSE(is_shut_down_);
  // A shim that names no process is taken for one that was lost.
  EXPECT_EQ(ok<wire::PidsResponse>("Pids", about<wire::PidsRequest>()).processes_size(), 1);
  ok<wire::DeleteResponse>("Delete", about<wire::DeleteRequest>());
  ok<wire::Empty>("Shutdown", about<wire::ShutdownRequest>());
  EXPECT_TRUE(is_shut_down_);
}

TEST_F(Service, MakesSystemdsGroupsWhereThePathIsOne) {
  write(bundle_ + "/config.json", R"({"linux":{"cgroupsPath":"system.slice:docker:web"}})");
  create();
  EXPECT_EQ(read(folder_ / "calls").substr(0, 6), "create");
}

// --- streams

TEST_F(Service, GivesAProgramsOutputToAReaderThatComesLate) {
  std::string fifo = folder_ / "out";
  ::mkfifo(fifo.c_str(), 0600);
  payload("echo early; exit 0");
  auto request = create_request();
  request.set_stdout(fifo);
  request.set_stderr("");
  ok<wire::CreateTaskResponse>("Create", request);
  start();
  wait();
  turn_for(milliseconds(20));
  os::Fd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  std::string text;
  bool ended = false;
  until([&] {
    char buffer[64];
    ssize_t got = ::read(reader.get(), buffer, sizeof buffer);
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    ended = got == 0;
    return ended;
  });
  EXPECT_EQ(text, "early\n");
}

// A client deletes what has ended before its own reader has come to open the fifo, on a busy machine.
TEST_F(Service, KeepsWhatADeletedProgramSaidForItsReader) {
  std::string fifo = folder_ / "out";
  ::mkfifo(fifo.c_str(), 0600);
  payload("echo last; exit 0");
  auto request = create_request();
  request.set_stdout(fifo);
  ok<wire::CreateTaskResponse>("Create", request);
  start();
  wait();
  ok<wire::DeleteResponse>("Delete", about<wire::DeleteRequest>());
  EXPECT_TRUE(service_->has_unread());
  turn_for(milliseconds(20));
  os::Fd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  char buffer[64] = {};
  EXPECT_EQ(::read(reader.get(), buffer, sizeof buffer), 5);
  until([&] { return !service_->has_unread(); });
  EXPECT_EQ(::read(reader.get(), buffer, sizeof buffer), 0);
}

TEST_F(Service, LetsAReaderGoAndComeBack) {
  std::string fifo = folder_ / "out";
  ::mkfifo(fifo.c_str(), 0600);
  payload("while [ ! -e " + bundle_ + "/go ]; do sleep 0.01; done; echo later; exit 5");
  auto request = create_request();
  request.set_stdout(fifo);
  ok<wire::CreateTaskResponse>("Create", request);
  {
    os::Fd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  }
  start();
  write(bundle_ + "/go", "");
  EXPECT_EQ(wait().exit_status(), 5u);
  os::Fd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  char buffer[64] = {};
  EXPECT_EQ(::read(reader.get(), buffer, sizeof buffer), 6);
}

TEST_F(Service, EndsAProgramsInputWhenToldTo) {
  std::string fifo = folder_ / "in";
  ::mkfifo(fifo.c_str(), 0600);
  payload("cat >" + bundle_ + "/got; exit 4");
  auto request = create_request();
  request.set_stdin(fifo);
  ok<wire::CreateTaskResponse>("Create", request);
  {
    os::Fd writer(::open(fifo.c_str(), O_WRONLY | O_NONBLOCK));
    EXPECT_EQ(::write(writer.get(), "abc", 3), 3);
  }
  start();
  turn_for(milliseconds(50));
  EXPECT_EQ(state().status(), wire::RUNNING);
  auto close = about<wire::CloseIORequest>();
  close.set_stdin(true);
  ok<wire::Empty>("CloseIO", close);
  EXPECT_EQ(wait().exit_status(), 4u);
  EXPECT_EQ(read(bundle_ + "/got"), "abc");
}

TEST_F(Service, WritesToAFile) {
  payload("echo out; echo err >&2");
  auto request = create_request();
  request.set_stdout("file://" + bundle_ + "/logs/both");
  request.set_stderr("file://" + bundle_ + "/logs/both");
  ok<wire::CreateTaskResponse>("Create", request);
  start();
  wait();
  EXPECT_EQ(read(bundle_ + "/logs/both"), "out\nerr\n");
}

TEST_F(Service, HandsOutputToALoggingProgram) {
  write(folder_ / "logger", R"sh(#!/bin/sh
echo "$CONTAINER_NAMESPACE/$CONTAINER_ID $*" >"$2"
exec 5>&-
cat <&3 >>"$2"
cat <&4 >>"$2"
echo end >>"$2"
)sh");
  ::chmod((folder_ / "logger").c_str(), 0755);
  payload("echo out; echo err >&2");
  auto request = create_request();
  request.set_stdout("binary://" + (folder_ / "logger").string() + "?to=" + bundle_ + "/log");
  request.set_stderr(request.stdout());
  ok<wire::CreateTaskResponse>("Create", request);
  start();
  wait();
  until([&] { return read(bundle_ + "/log").ends_with("end\n"); });
  EXPECT_EQ(read(bundle_ + "/log"), "test/web to " + bundle_ + "/log\nout\nerr\nend\n");
}

TEST_F(Service, RefusesALoggingProgramThatIsNotReady) {
  auto request = create_request();
  request.set_stdout("binary-v2:///bin/true");
  EXPECT_NE(call("Create", request).code, 0);
  request.set_stdout("https://host/log");
  EXPECT_NE(call("Create", request).code, 0);
  EXPECT_EQ(call("State", about<wire::StateRequest>()).code, kNotFound);
}

TEST_F(Service, ResizesNoTerminalWhereThereIsNone) {
  create();
  EXPECT_EQ(call("ResizePty", about<wire::ResizePtyRequest>()).code, kFailedPrecondition);
}

}  // namespace
}  // namespace wherry::shim
