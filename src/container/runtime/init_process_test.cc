// Real sandboxes around a workload that tells what it sees. They need root or user namespaces.
#include "container/runtime/init_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "base/error.h"
#include "container/runtime/container.h"
#include "container/runtime/mount_options.h"

namespace wherry::container {
namespace {

namespace fs = std::filesystem;

class TestWorkload : public Workload {
 public:
  std::function<void()> on_prepare = [] {};
  std::function<int()> on_run = [] { return 0; };
  void prepare() override { on_prepare(); }
  int run() noexcept override { return on_run(); }
};

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return file ? text.str() : "(cannot read)";
}

void say(const std::string& text) { (void)!::write(1, text.data(), text.size()); }

void make_ready(InitProcess& init) {
  init.create({});
  init.await_sandbox();
  init.await_workload();
}

class Sandbox : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/wherry-test-XXXXXX";
    bundle_ = ::mkdtemp(name);
    fs::create_directory(bundle_ + "/rootfs");
    config_.process.args = {"/test"};
    config_.process.no_new_privileges = true;
    config_.root.path = "rootfs";
    config_.hostname = "inside";
    for (const char* type : {"pid", "mount", "uts", "ipc", "network", "cgroup"}) {
      config_.linux_section.namespaces.push_back({.type = type});
    }
    if (::geteuid() != 0) {
      config_.linux_section.namespaces.push_back({.type = "user"});
      config_.linux_section.uid_mappings = {{.host_id = ::geteuid(), .size = 1}};
      config_.linux_section.gid_mappings = {{.host_id = ::getegid(), .size = 1}};
    }
    config_.mounts = {
        {.destination = "/", .type = "tmpfs", .source = "tmpfs", .options = {"mode=755"}},
        {.destination = "/proc", .type = "proc", .source = "proc", .options = {"nosuid"}},
        {.destination = "/dev", .type = "tmpfs", .source = "tmpfs", .options = {"nosuid"}}};
    // Whether this machine lets us at all is asked once, by trying.
    std::string refusal = refusal_of_this_machine();
    if (!refusal.empty()) GTEST_SKIP() << refusal;
  }
  void TearDown() override { fs::remove_all(bundle_); }

  std::string refusal_of_this_machine() {
    try {
      InitProcess init({.config = &config_, .bundle = bundle_}, workload_);
      make_ready(init);
      return "";
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::PermissionDenied) return error.what();
      throw;
    }
  }

  // Runs the workload; what it wrote to its standard output is in output_.
  os::ExitStatus run() {
    int pipe[2];
    EXPECT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    int saved = ::dup(1);
    ::dup2(pipe[1], 1);
    ::close(pipe[1]);
    os::ExitStatus status;
    std::string failure;
    try {
      InitProcess init({.config = &config_, .bundle = bundle_}, workload_);
      make_ready(init);
      init.start();
      status = init.wait();
    } catch (const Error& error) {
      failure = error.what();
    }
    ::dup2(saved, 1);
    ::close(saved);
    output_.clear();
    char buffer[4096];
    for (ssize_t got; (got = ::read(pipe[0], buffer, sizeof buffer)) > 0;) {
      output_.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(pipe[0]);
    EXPECT_EQ(failure, "");
    return status;
  }

  std::string bundle_;
  oci::RuntimeConfig config_;
  TestWorkload workload_;
  std::string output_;
};

TEST_F(Sandbox, IsAPlaceOfItsOwn) {
  workload_.on_run = [] {
    char name[64] = {};
    ::gethostname(name, sizeof name);
    say(fmt::format("pid {} host {} uid {}\n", ::getpid(), name, ::getuid()));
    for (const auto& entry : fs::directory_iterator("/")) say(entry.path().string() + " ");
    return 7;
  };
  EXPECT_EQ(run(), os::ExitStatus{.code = 7});
  EXPECT_TRUE(output_.starts_with("pid 1 host inside uid 0\n")) << output_;
  EXPECT_NE(output_.find("/proc "), std::string::npos) << output_;
  EXPECT_EQ(output_.find("/tmp"), std::string::npos) << output_;
}

TEST_F(Sandbox, HoldsNoPrivilege) {
  workload_.on_run = [] {
    std::istringstream status(read_file("/proc/self/status"));
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Cap") || line.starts_with("NoNewPrivs")) say(line + "\n");
    }
    return 0;
  };
  run();
  EXPECT_EQ(output_,
            "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
            "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n");
}

TEST_F(Sandbox, KeepsNoDescriptorAndNoMount) {
  int leak = ::open("/", O_PATH);  // not close-on-exec, as a careless caller's
  workload_.on_run = [] {
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      if (std::stoi(entry.path().filename()) > 2) {
        std::error_code ignored;
        say(fs::read_symlink(entry.path(), ignored).string() + "\n");
      }
    }
    std::istringstream mounts(read_file("/proc/self/mounts"));
    for (std::string line; std::getline(mounts, line);) {
      say(line.substr(line.find(' ') + 1, line.find(' ', line.find(' ') + 1) - line.find(' ')));
    }
    return 0;
  };
  run();
  ::close(leak);
  EXPECT_EQ(output_.substr(0, output_.find("/ ")), "/proc/1/fd\n");
  // Nodes are made where that is allowed, mounted from the host where it is not.
  const std::string devices = ::geteuid() == 0 ? "" : "/dev/null /dev/zero /dev/full ";
  EXPECT_NE(output_.find("/ /proc /dev " + devices), std::string::npos) << output_;
  const bool mounted = output_.find("/dev/null") != std::string::npos;
  EXPECT_EQ(mounted, !devices.empty()) << output_;
}

TEST_F(Sandbox, MakesMountTargetsInsideTheRootOnly) {
  fs::create_directory(bundle_ + "/image");
  fs::create_directory(bundle_ + "/outside");
  fs::create_directory_symlink("/../../../.." + bundle_ + "/outside", bundle_ + "/image/data");
  config_.mounts[0] = {
      .destination = "/", .type = "bind", .source = bundle_ + "/image", .options = {"rbind"}};
  config_.mounts.push_back(
      {.destination = "/data/deep", .type = "bind", .source = "/usr", .options = {"rbind", "ro"}});
  workload_.on_run = [] {
    say(fs::exists("/data/deep/bin") ? "mounted " : "missing ");
    struct statvfs status{};
    ::statvfs("/data/deep", &status);
    say(status.f_flag & ST_RDONLY ? "read-only" : "writable");
    return 0;
  };
  // The link's target does not exist below the new root: it is refused, not followed outside.
  TestWorkload untouched;
  try {
    InitProcess init({.config = &config_, .bundle = bundle_}, untouched);
    make_ready(init);
    FAIL() << "the mount was made";
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("mount '/data/deep': create directory"))
        << error.what();
  }
  EXPECT_TRUE(fs::is_empty(bundle_ + "/outside"));
  fs::remove(bundle_ + "/image/data");
  EXPECT_EQ(run(), os::ExitStatus{});
  EXPECT_EQ(output_, "mounted read-only");
}

TEST_F(Sandbox, ReadOnlyRootStillGetsItsMountPoints) {
  config_.root.readonly = true;
  config_.process.cwd = "/made/for/it";
  config_.linux_section.masked_paths = {"/proc/uptime", "/proc/self/fd", "/not/there"};
  workload_.on_run = [] {
    say(fs::current_path().string());
    say(::mkdir("/new", 0755) != 0 && errno == EROFS ? " read-only" : " writable");
    say(" '" + read_file("/proc/uptime") + "'");
    return 0;
  };
  run();
  EXPECT_EQ(output_, "/made/for/it read-only ''");
}

TEST_F(Sandbox, HidesTheHostsEnvironment) {
  // In a copy of this process, as its own argument block is what gets wiped.
  workload_.on_run = [] {
    std::string environment = read_file("/proc/self/environ");
    say(environment.find_first_not_of('\0') == std::string::npos ? "empty" : environment);
    return 0;
  };
  static char argument[] = "wherry-runtime";
  static char* vector[] = {argument, nullptr};
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  pid_t copy = ::fork();
  if (copy == 0) {
    ::dup2(pipe[1], 1);
    InitProcess init({.config = &config_, .bundle = bundle_, .argv = vector}, workload_);
    make_ready(init);
    init.start();
    ::_exit(init.wait().code);
  }
  ::close(pipe[1]);
  char buffer[4096];
  ssize_t got = ::read(pipe[0], buffer, sizeof buffer);
  ::close(pipe[0]);
  ::waitpid(copy, nullptr, 0);
  EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0))), "empty");
}

TEST_F(Sandbox, SetsWhatTheKernelIsAskedTo) {
  config_.domainname = "example";
  config_.process.oom_score_adj = 500;
  config_.linux_section.sysctl = {{"net.ipv4.ip_forward", "1"}, {"kernel.shmmni", "77"}};
  workload_.on_run = [] {
    char domain[64] = {};
    if (::getdomainname(domain, sizeof domain) != 0) return 1;
    say(std::string(domain) + " " + read_file("/proc/self/oom_score_adj") +
        read_file("/proc/sys/net/ipv4/ip_forward") + read_file("/proc/sys/kernel/shmmni"));
    return 0;
  };
  run();
  EXPECT_EQ(output_, "example 500\n1\n77\n");
}

TEST_F(Sandbox, RefusesSettingsOfTheWholeMachine) {
  auto refusal = [&](const char* name) {
    config_.linux_section.sysctl = {{name, "0"}};
    InitProcess init({.config = &config_, .bundle = bundle_}, workload_);
    try {
      make_ready(init);
      return std::string();
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(refusal("vm.swappiness"),
            "sysctl 'vm.swappiness' is the whole machine's, not a container's");
  EXPECT_EQ(refusal("kernel.panic"),
            "sysctl 'kernel.panic' is the whole machine's, not a container's");
  EXPECT_EQ(refusal("net.../../kernel.panic"), "'net.../../kernel.panic' is no name of a sysctl");
  std::erase_if(config_.linux_section.namespaces,
                [](const oci::RuntimeNamespace& each) { return each.type == "network"; });
  EXPECT_EQ(
      refusal("net.ipv4.ip_forward"),
      "sysctl 'net.ipv4.ip_forward' belongs to the network namespace, of which the container has "
      "none of its own");
}

TEST_F(Sandbox, MakesTheDevicesAskedFor) {
  config_.linux_section.devices = {{.type = "c",
                                    .path = "/dev/more/nothing",
                                    .major = 1,
                                    .minor = 3,
                                    .file_mode = 0640,
                                    .gid = 0},
                                   {.type = "p", .path = "/dev/pipe", .file_mode = 0600}};
  if (::geteuid() != 0) config_.linux_section.devices.erase(config_.linux_section.devices.begin());
  workload_.on_run = [] {
    struct stat status{};
    bool pipe = ::stat("/dev/pipe", &status) == 0 && S_ISFIFO(status.st_mode);
    bool nothing = ::stat("/dev/more/nothing", &status) == 0 && S_ISCHR(status.st_mode) &&
                   (status.st_mode & 07777) == 0640 && read_file("/dev/more/nothing").empty();
    say(std::string(pipe ? "pipe" : "no pipe") + (nothing ? ", node" : ", no node"));
    return 0;
  };
  run();
  EXPECT_EQ(output_, ::geteuid() == 0 ? "pipe, node" : "pipe, no node");
}

TEST_F(Sandbox, HasATimeOfItsOwn) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root makes time namespaces";
  config_.linux_section.namespaces.push_back({.type = "time"});
  config_.linux_section.time_offsets = {{"boottime", {.seconds = 1'000'000}}};
  workload_.on_run = [] {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    say(time.tv_sec > 1'000'000 ? "later" : "the host's");
    return 0;
  };
  // In a copy of this process: whoever makes a time namespace has children in it ever after.
  pid_t copy = ::fork();
  if (copy == 0) {
    run();
    ::_exit(output_ == "later" ? 0 : 1);
  }
  int raw = 0;
  ::waitpid(copy, &raw, 0);
  EXPECT_EQ(raw, 0);
}

TEST_F(Sandbox, EndsOnASignalThoughItIsProcessOne) {
  InitProcess init({.config = &config_, .bundle = bundle_}, workload_);
  workload_.on_run = [] {
    for (volatile int spin = 0;;) {
      spin = spin + 1;
    }
    return 0;
  };
  make_ready(init);
  init.start();
  ::kill(init.pid(), SIGTERM);
  EXPECT_EQ(init.wait(), os::ExitStatus{.code = 143});
}

TEST_F(Sandbox, CanBeKilledBeforeItStarts) {
  InitProcess init({.config = &config_, .bundle = bundle_}, workload_);
  make_ready(init);
  ::kill(init.pid(), SIGINT);
  EXPECT_EQ(init.wait(), os::ExitStatus{.code = 130});
}

TEST_F(Sandbox, PassesTheWorkloadsErrorOn) {
  workload_.on_prepare = [] { fail(ErrorKind::NotFound, "no entrypoint '/test'"); };
  InitProcess init({.config = &config_, .bundle = bundle_}, workload_);
  try {
    make_ready(init);
    FAIL() << "it was created";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "no entrypoint '/test'");
    EXPECT_EQ(exit_code_of(error), 127);
  }
}

TEST_F(Sandbox, NamesWhatCouldNotBeSetUp) {
  config_.mounts.push_back(
      {.destination = "/x", .type = "bind", .source = "/not/there", .options = {"bind"}});
  InitProcess init({.config = &config_, .bundle = bundle_}, workload_);
  try {
    make_ready(init);
    FAIL() << "it was created";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "mount '/x': bind '/not/there': No such file or directory");
    EXPECT_EQ(exit_code_of(error), 125);
  }
}

TEST(Lifecycle, AllowsOnlyWhatTheTableSays) {
  EXPECT_EQ(after(State::Created, Step::Start), State::Running);
  EXPECT_EQ(after(State::Created, Step::End), State::Stopped);
  EXPECT_THROW(after(State::Running, Step::Start), Error);
  try {
    after(State::Stopped, Step::Start);
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "cannot start a container that is stopped");
  }
}

TEST(MountOptions, AreSortedByWhoUnderstandsThem) {
  MountOptions sorted = sort_mount_options({"rbind", "rslave", "ro", "mode=755", "rw", "nosuid"});
  EXPECT_TRUE(sorted.bind && sorted.recursive && sorted.propagation_recursive);
  EXPECT_EQ(sorted.data, (std::vector<std::string>{"mode=755"}));
  EXPECT_EQ(sorted.set & 1, 0u);
  EXPECT_EQ(sorted.clear & 1, 1u);
}

TEST(MountOptions, RestrictWhatIsBelowAndFreeOnlyWhereTold) {
  MountOptions sorted = sort_mount_options({"rbind", "rw", "rro", "rsuid", "noatime", "silent"});
  EXPECT_EQ(sorted.set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME);
  EXPECT_EQ(sorted.clear & MOUNT_ATTR_RDONLY, 0u);
  EXPECT_EQ(sorted.clear_below, MOUNT_ATTR_NOSUID);
  EXPECT_TRUE(sorted.data.empty());
  EXPECT_EQ(sort_mount_options({"rro", "rw"}).set, 0u);
  EXPECT_TRUE(sort_mount_options({"remount"}).remount);
  EXPECT_TRUE(sort_mount_options({"ridmap"}).id_mapped);
  EXPECT_FALSE(sort_mount_options({"ridmap"}).id_maps);
  sorted = sort_mount_options({"ridmap=uids=0-1-2"});
  EXPECT_TRUE(sorted.id_mapped && sorted.ids_recursive && sorted.data.empty());
  EXPECT_EQ(sorted.id_maps, "uids=0-1-2");
  EXPECT_FALSE(sort_mount_options({"idmap="}).ids_recursive);
  EXPECT_EQ(sort_mount_options({"idmap="}).id_maps, "");
}

TEST(ContainerId, IsAFileName) {
  check_id("web-1.x_y+z");
  for (const char* bad : {"", ".", "..", "a/b", "a b", "ä"}) EXPECT_THROW(check_id(bad), Error);
}

}  // namespace
}  // namespace wherry::container
