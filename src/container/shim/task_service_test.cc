// Every call in every state, and the events that go with it.
#include "container/shim/task_service.h"

#include "container/shim/service_test.h"

namespace wherry::shim {
namespace {

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

}  // namespace
}  // namespace wherry::shim
