// What a container reads and writes, through the calls that make it.
#include "container/shim/streams.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <memory>

#include "container/shim/service_test.h"

namespace wherry::shim {
namespace {

TEST(StreamUri, IsReadInAllItsForms) {
  EXPECT_EQ(parse_stream_uri("/run/f"), (StreamUri{.scheme = "fifo", .path = "/run/f"}));
  EXPECT_EQ(parse_stream_uri("file:///var/log/a%20b"),
            (StreamUri{.scheme = "file", .path = "/var/log/a b"}));
  EXPECT_EQ(parse_stream_uri("binary:///usr/bin/l?_INTERNAL=%2Fvar&flag&x=1+2"),
            (StreamUri{.scheme = "binary",
                       .path = "/usr/bin/l",
                       .arguments = {"_INTERNAL", "/var", "flag", "", "x", "1 2"}}));
  EXPECT_THROW(parse_stream_uri("file://a"), Error);
  EXPECT_THROW(parse_stream_uri("file:///a%2"), Error);
  EXPECT_THROW(parse_stream_uri("file:///a%zz"), Error);
  EXPECT_THROW(parse_stream_uri("file:///a%00"), Error);
}

class OutputService : public Service {
 protected:
  // Of a container that runs the script. Returns the fifo that it writes to.
  std::string create_with_output(const std::string& script) {
    std::string fifo = folder_ / "out";
    ::mkfifo(fifo.c_str(), 0600);
    payload(script);
    auto request = create_request();
    request.set_stdout(fifo);
    ok<wire::CreateTaskResponse>("Create", request);
    return fifo;
  }
};

TEST_F(OutputService, GivesAProgramsOutputToAReaderThatComesLate) {
  const std::string fifo = create_with_output("echo early; exit 0");
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
TEST_F(OutputService, KeepsWhatADeletedProgramSaidForItsReader) {
  const std::string fifo = create_with_output("echo last; exit 0");
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

class PatientService : public OutputService {
 protected:
  PatientService() { longest_reading_ = milliseconds(60'000); }
};

// Else the client would close the fifo that it has not opened yet.
TEST_F(PatientService, TellsOfAnEndOnceAllThatWasSaidHasBeenRead) {
  const std::string fifo = create_with_output("echo all; exit 7");
  auto waiting = send("Wait", about<wire::WaitRequest>());
  start();
  until([&] { return state().status() == wire::STOPPED; });
  turn_for(milliseconds(100));
  auto asked_later = send("Wait", about<wire::WaitRequest>());
  EXPECT_EQ(waiting->code, -1);
  EXPECT_EQ(asked_later->code, -1);
  EXPECT_EQ(topics(2), (std::vector<std::string>{"/tasks/create", "/tasks/start"}));
  os::Fd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  char buffer[64] = {};
  EXPECT_EQ(::read(reader.get(), buffer, sizeof buffer), 4);
  until([&] { return waiting->code == 0 && asked_later->code == 0; });
  EXPECT_EQ(topics(3).back(), "/tasks/exit");
}

TEST_F(OutputService, TellsOfAnEndAlsoWhereNobodyReads) {
  create_with_output("echo unheard; exit 7");
  start();
  EXPECT_EQ(wait().exit_status(), 7u);
}

// One who deletes it does not wait for that.
TEST_F(PatientService, TellsOfAnEndBeforeItIsDeletedUnread) {
  create_with_output("echo unheard; exit 7");
  start();
  until([&] { return state().status() == wire::STOPPED; });
  ok<wire::DeleteResponse>("Delete", about<wire::DeleteRequest>());
  EXPECT_EQ(topics(4), (std::vector<std::string>{"/tasks/create", "/tasks/start", "/tasks/exit",
                                                 "/tasks/delete"}));
}

TEST_F(OutputService, LetsAReaderGoAndComeBack) {
  const std::string fifo = create_with_output("while [ ! -e " + bundle_ +
                                              "/go ]; do sleep 0.01; done; echo later; exit 5");
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

// Its terminal hangs up in the same turn of the loop in which they go. Whoever looks at them later finds
// nothing that makes sense.
TEST_F(Service, StreamsMayGoWithTheirTerminal) {
  Children children(loop_, [](pid_t, os::ExitStatus) {});
  alignas(Streams) std::array<std::byte, sizeof(Streams)> place;
  auto* streams = new (place.data()) Streams({.loop = loop_,
                                              .children = children,
                                              .namespace_name = "test",
                                              .id = "web",
                                              .socket_directory = folder_},
                                             {.terminal = true});
  streams->open([](const std::optional<Error>& error) { EXPECT_FALSE(error); });
  os::Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_EQ(::unlockpt(master.get()), 0);
  os::Fd slave(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  os::send_descriptor(os::connect_unix(streams->console_socket(), SOCK_STREAM).get(), master.get(),
                      "/dev/pts/0");
  streams->given();
  master.reset();
  slave.reset();
  bool gone = false;
  loop_.after(milliseconds(0), [&] {
    std::destroy_at(streams);
    std::ranges::fill(place, std::byte{0x5a});
    gone = true;
  });
  turn_for(milliseconds(20));
  EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace wherry::shim
