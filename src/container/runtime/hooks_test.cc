#include "container/runtime/hooks.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/error.h"

namespace wherry::container {
namespace {

oci::RuntimeHook shell(const std::string& script) {
  return {.path = "/bin/sh", .args = {"sh", "-c", script}, .env = {}, .timeout = {}};
}

class Hooks : public testing::Test {
 protected:
  std::string file_ = testing::TempDir() + "wherry-hooks." + std::to_string(::getpid());
  void TearDown() override { std::remove(file_.c_str()); }
  std::string written() const {
    std::ostringstream text;
    text << std::ifstream(file_).rdbuf();
    return text.str();
  }
  std::string failure_of(const oci::RuntimeHook& hook) const {
    try {
      run_hooks("prestart", {hook}, "{}");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(Hooks, GetTheStateTheirArgumentsAndTheirEnvironmentInOrder) {
  oci::RuntimeHook first = shell("cat >>" + file_ + "; echo \" $0 $1 $COLOR $HOME\" >>" + file_);
  first.args.insert(first.args.end(), {"zero", "one"});
  first.env = {"COLOR=blue", "PATH=/usr/bin:/bin"};
  run_hooks("prestart", {first, shell("echo second >>" + file_)}, R"({"id":"x"})");
  EXPECT_EQ(written(), "{\"id\":\"x\"} zero one blue \nsecond\n");
}

TEST_F(Hooks, NeedNoArguments) {
  std::ofstream(file_) << "#!/bin/sh\n[ \"$0\" = " << file_ << " ] && [ $# = 0 ]\n";
  ASSERT_EQ(::chmod(file_.c_str(), 0755), 0);
  EXPECT_EQ(failure_of({.path = file_, .args = {}, .env = {}, .timeout = {}}), "");
}

TEST_F(Hooks, TheFirstThatFailsEndsThem) {
  EXPECT_THROW(run_hooks("prestart", {shell("exit 1"), shell("echo second >" + file_)}, "{}"),
               Error);
  EXPECT_EQ(written(), "");
}

TEST_F(Hooks, SayHowTheyFailed) {
  EXPECT_EQ(failure_of(shell("echo no; echo 'no way' >&2; exit 3")),
            "prestart hook '/bin/sh': exited with code 3: no way");
  EXPECT_EQ(failure_of(shell("exit 1")), "prestart hook '/bin/sh': exited with code 1");
  EXPECT_EQ(failure_of(shell("kill -15 $$")), "prestart hook '/bin/sh': ended by signal 15");
  EXPECT_EQ(failure_of({.path = "/not/there", .args = {}, .env = {}, .timeout = {}}),
            "prestart hook '/not/there': start '/not/there': No such file or directory");
  oci::RuntimeHook slow = shell("echo waiting; sleep 100");
  slow.timeout = 1;
  EXPECT_EQ(failure_of(slow), "prestart hook '/bin/sh': did not end within 1 s: waiting");
}

TEST_F(Hooks, OfPoststopAreAllRun) {
  auto failures = run_all_hooks(
      "poststop", {shell("exit 1"), shell("echo 2 >" + file_), shell("exit 3")}, "{}");
  EXPECT_EQ(failures, (std::vector<std::string>{"poststop hook '/bin/sh': exited with code 1",
                                                "poststop hook '/bin/sh': exited with code 3"}));
  EXPECT_EQ(written(), "2\n");
}

}  // namespace
}  // namespace wherry::container
