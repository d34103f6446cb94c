// For the tests of the service: one under a scripted containerd, over a scripted runtime. Neither needs
// any privilege.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "container/shim/bootstrap.pb.h"
#include "container/shim/events.pb.h"
#include "container/shim/task.pb.h"
#include "container/shim/task_service.h"
#include "container/ttrpc/server.h"
#include "os/file.h"
#include "os/unix_socket.h"

namespace wherry::shim {

using std::chrono::milliseconds;

// Codes of answers.
inline constexpr int kNotFound = 5;
inline constexpr int kAlreadyExists = 6;
inline constexpr int kFailedPrecondition = 9;
inline constexpr int kUnimplemented = 12;

// As wherry-runtime behaves, with shell scripts of the bundle as payloads. Each call is a line of
// `calls`.
inline constexpr const char* kScriptedRuntime = R"sh(#!/bin/sh
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

inline constexpr const char* kFetcher = R"sh(#!/bin/sh
echo "$*" >>"$(dirname "$0")/fetches"
while [ $# -gt 1 ]; do
  [ "$1" = -bundle ] && bundle=$2
  shift 2
done
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
  milliseconds longest_reading_{300};

  void SetUp() override {
    std::filesystem::create_directories(bundle_);
    std::filesystem::create_directories(root_ + "/test");
    write(folder_ / "runtime", kScriptedRuntime);
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
                                 .on_shutdown = [this] { is_shut_down_ = true; },
                                 .longest_reading = longest_reading_});
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
  void put_fetcher(const std::string& script) {
    write(folder_ / "fetcher", kFetcher + script + "\nexit\n");
    ::chmod((folder_ / "fetcher").c_str(), 0755);
  }
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

}  // namespace wherry::shim
