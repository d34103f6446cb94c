#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "container/local/bundle.h"
#include "container/local/containers.h"
#include "container/local/user.h"
#include "container/local/volume.h"

namespace wherry::container {
namespace {

namespace fs = std::filesystem;

template <typename Body>
std::string message_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Volume, MeansWhatDockersMeans) {
  auto parse = [](std::string_view text) { return parse_volume(text, "/here", "/home/me"); };
  EXPECT_EQ(parse("/a:/b"), (Volume{.host = "/a", .guest = "/b"}));
  EXPECT_EQ(parse("./x:/b:ro"), (Volume{.host = "/here/./x", .guest = "/b", .read_only = true}));
  EXPECT_EQ(parse(".:/b:z,ro").host, "/here/.");
  EXPECT_EQ(parse("~/x:/b").host, "/home/me/x");
  EXPECT_EQ(message_of([&] { parse("/a:b"); }),
            "volume '/a:b': the container's path must be absolute");
  EXPECT_EQ(message_of([&] { parse("/a:/"); }),
            "volume '/a:/': the container's root cannot be a volume");
  EXPECT_EQ(message_of([&] { parse("/a:/b:fast"); }), "volume '/a:/b:fast': unknown option 'fast'");
  EXPECT_TRUE(message_of([&] { parse("data:/b"); }).starts_with("named volumes, such as 'data'"));
  EXPECT_TRUE(message_of([&] { parse("/b"); }).starts_with("volume '/b': anonymous volumes"));
}

TEST(Environment, IsMergedByName) {
  std::vector<std::string> variables = {"A=1", "B=2"};
  merge_environment(variables, {"B=3", "C="});
  EXPECT_EQ(variables, (std::vector<std::string>{"A=1", "B=3", "C="}));
}

TEST(Environment, FilesNameTheirBadLine) {
  HostEnvironment host = [](const char* name) -> std::optional<std::string> {
    if (std::string_view(name) == "HOST") return "h";
    return std::nullopt;
  };
  EXPECT_EQ(parse_env_file("#c\n\nA=b=c\r\n  HOST\nNONE\nE=", "f", host),
            (std::vector<std::string>{"A=b=c", "HOST=h", "E="}));
  EXPECT_EQ(message_of([&] { parse_env_file("A=1\n=x", "f", host); }),
            "f:2: environment variable '=x' has no name");
}

TEST(User, IsResolvedInTheImagesFiles) {
  constexpr std::string_view kPasswd = "root:x:0:0::/root:/\n#\nbad\napp:x:10:20::/srv:/\n";
  constexpr std::string_view kGroup = "g:x:20:\nextra:x:30:other,app\nmore:x:40:app\n";
  ResolvedUser app = resolve_user("app", kPasswd, kGroup);
  EXPECT_EQ(app.user.uid, 10u);
  EXPECT_EQ(app.user.gid, 20u);
  EXPECT_EQ(app.user.additional_gids, (std::vector<std::uint32_t>{30, 40}));
  EXPECT_EQ(app.home, "/srv");
  EXPECT_EQ(resolve_user("10:extra", kPasswd, kGroup).user.gid, 30u);
  EXPECT_EQ(resolve_user("7:8", "", "").user.uid, 7u);
  EXPECT_EQ(resolve_user("", "", "").home, "/root");
  EXPECT_EQ(message_of([&] { resolve_user("x", kPasswd, kGroup); }),
            "no user 'x' in the image's /etc/passwd");
  EXPECT_EQ(message_of([&] { resolve_user("app:x", kPasswd, kGroup); }),
            "no group 'x' in the image's /etc/group");
  EXPECT_NE(message_of([&] { resolve_user("4294967295", kPasswd, kGroup); }), "");
}

TEST(Bundle, GivesAnOrdinaryUserOneId) {
  BundleRequest request{
      .image_root = "/s:x", .mount_points = "/m", .layer = "/l", .args = {"/a.wasm"}};
  EXPECT_EQ(make_config(request).mounts[0].options[2], "lowerdir=/s\\:x:/m");
  EXPECT_TRUE(make_config(request).linux_section.uid_mappings.empty());
  request.rootless = true;
  request.user = {.uid = 5, .gid = 6, .additional_gids = {7}};
  request.host_uid = 1000;
  request.host_gid = 1001;
  oci::RuntimeConfig config = make_config(request);
  EXPECT_EQ(config.linux_section.uid_mappings,
            (std::vector<oci::RuntimeIdMapping>{{.container_id = 5, .host_id = 1000, .size = 1}}));
  EXPECT_TRUE(config.process.user.additional_gids.empty());
  EXPECT_EQ(config, oci::parse_runtime_config(to_json(config)));
}

class Local : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/wherry-test-XXXXXX";
    root_ = ::mkdtemp(name);
  }
  void TearDown() override { fs::remove_all(root_); }
  bool is_empty() const {
    for (const char* folder :
         {"/containers", "/names", "/run/containers", "/run/names", "/run/ephemeral", "/layers"}) {
      if (fs::exists(root_ + folder) && !fs::is_empty(root_ + folder)) return false;
    }
    return true;
  }
  static Record record(std::string name, bool remove) {
    return {.id = new_container_id(),
            .name = std::move(name),
            .image = "i",
            .created = 5,
            .remove_at_end = remove};
  }
  std::string root_;
};

TEST_F(Local, RemovesWhatWasNotKept) {
  LocalContainers all(root_, root_ + "/run");
  {
    HeldContainer held = all.create(record("one", true));
    all.sweep();
    EXPECT_TRUE(all.find("one").running);
    EXPECT_EQ(all.find(held.record().id.substr(0, 5)).record, held.record());
  }
  EXPECT_TRUE(is_empty());
}

TEST_F(Local, KeepsWhatHasEnded) {
  LocalContainers all(root_, root_ + "/run");
  {
    all.create(record("", false)).keep({.code = 3, .finished = 9});
  }
  std::vector<Listed> list = all.list();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_FALSE(list[0].running);
  EXPECT_FALSE(list[0].record.name.empty());
  EXPECT_EQ(list[0].exit->code, 3);
  EXPECT_EQ(list[0].exit->finished, 9);
  all.remove(list[0], LocalContainers::Running::Refuse);
  EXPECT_TRUE(is_empty());
}

TEST_F(Local, HoldsANameForOne) {
  LocalContainers all(root_, root_ + "/run");
  HeldContainer held = all.create(record("web", false));
  EXPECT_EQ(message_of([&] { all.create(record("web", true)); }),
            "name 'web' is already in use by container '" + held.record().id.substr(0, 12) + "'");
  EXPECT_EQ(all.list().size(), 1u);
  EXPECT_EQ(message_of([&] { all.remove(all.find("web"), LocalContainers::Running::Refuse); }),
            "container 'web' is running; stop it first, or use -f");
  EXPECT_EQ(message_of([&] { all.find("nobody"); }), "no container named 'nobody'");
}

TEST_F(Local, FindsANameForAny) {
  LocalContainers all(root_, root_ + "/run");
  for (int i = 0; i < 600; ++i) all.create(record("", false)).keep({.code = 0, .finished = 9});
  EXPECT_EQ(all.list().size(), 600u);
}

TEST_F(Local, SweepsWhatAKilledProcessLeft) {
  LocalContainers all(root_, root_ + "/run");
  pid_t child = ::fork();
  if (child == 0) {
    HeldContainer held = all.create(record("lost", true));
    held.write("config.json", "{}");
    held.make_layer("sha256:ab");
    ::_exit(0);  // without a destructor, as if killed
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(fs::is_symlink(root_ + "/run/names/lost"));
  EXPECT_FALSE(fs::is_empty(root_ + "/layers"));
  all.sweep();
  EXPECT_TRUE(is_empty());
}

TEST(Record, SurvivesBeingPrinted) {
  Record record{.id = "i", .name = "n", .image = "a\"b", .command = "c\n", .created = 7};
  EXPECT_EQ(parse_record(to_json(record)), record);
  EXPECT_THROW(parse_record("{"), Error);
  EXPECT_THROW(parse_record("[]"), Error);
  EXPECT_THROW(parse_record(R"({"id": 1})"), Error);
}

}  // namespace
}  // namespace wherry::container
