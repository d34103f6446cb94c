// Paths: what they reach, and what they must not.
#include <atomic>
#include <chrono>
#include <thread>

#include "wasm/wasi/guest_test.h"

namespace wherry::wasi {
namespace {

namespace fs = std::filesystem;

// Every way to call a function that takes one path.
struct PathCall {
  const char* name;
  Errno (*call)(Guest& guest, std::string_view path);
};

constexpr PathCall kPathCalls[] = {
    {"open", [](Guest& g, std::string_view p) { return g.open(p, {}); }},
    {"create", [](Guest& g, std::string_view p) { return g.open(p, {.flags = oflags::kCreat}); }},
    {"truncate",
     [](Guest& g, std::string_view p) {
       return g.open(p, {.flags = oflags::kTrunc, .base = rights::kFile});
     }},
    {"stat",
     [](Guest& g, std::string_view p) {
       return path_filestat_get(g.state(), g.memory(), 3, 1, g.put(p), g.size(p), 0x8000);
     }},
    {"set times",
     [](Guest& g, std::string_view p) {
       return path_filestat_set_times(g.state(), g.memory(), 3, 1, g.put(p), g.size(p), 1, 1, 5);
     }},
    {"mkdir",
     [](Guest& g, std::string_view p) {
       return path_create_directory(g.state(), g.memory(), 3, g.put(p), g.size(p));
     }},
    {"rmdir",
     [](Guest& g, std::string_view p) {
       return path_remove_directory(g.state(), g.memory(), 3, g.put(p), g.size(p));
     }},
    {"unlink",
     [](Guest& g, std::string_view p) {
       return path_unlink_file(g.state(), g.memory(), 3, g.put(p), g.size(p));
     }},
    {"symlink",
     [](Guest& g, std::string_view p) {
       return path_symlink(g.state(), g.memory(), g.put("x"), 1, 3, g.put(p), g.size(p));
     }},
    {"readlink",
     [](Guest& g, std::string_view p) {
       return path_readlink(g.state(), g.memory(), 3, g.put(p), g.size(p), 0x8010, 64, 0x8000);
     }},
    {"rename from",
     [](Guest& g, std::string_view p) {
       return path_rename(g.state(), g.memory(), 3, g.put(p), g.size(p), 3, g.put("stolen"), 6);
     }},
    {"rename to",
     [](Guest& g, std::string_view p) {
       return path_rename(g.state(), g.memory(), 3, g.put("mine"), 4, 3, g.put(p), g.size(p));
     }},
    {"link from",
     [](Guest& g, std::string_view p) {
       return path_link(g.state(), g.memory(), 3, 0, g.put(p), g.size(p), 3, g.put("stolen"), 6);
     }},
    {"link to",
     [](Guest& g, std::string_view p) {
       return path_link(g.state(), g.memory(), 3, 0, g.put("mine"), 4, 3, g.put(p), g.size(p));
     }},
};

void furnish(Guest& guest) {
  write_file(guest.outside() / "secret", "secret");
  fs::create_directory(guest.outside() / "secrets");
  write_file(guest.outside() / "secrets/file", "secret");
  write_file(guest.inside() / "mine", "mine");
  fs::create_directory(guest.inside() / "dir");
  fs::create_symlink(guest.outside() / "secret", guest.inside() / "absolute");
  fs::create_symlink(guest.outside() / "secrets", guest.inside() / "absolute_dir");
  fs::create_symlink("../secret", guest.inside() / "relative");
  fs::create_symlink("../secrets", guest.inside() / "relative_dir");
  fs::create_symlink("dir/../../secrets", guest.inside() / "winding_dir");
  fs::create_symlink("/proc/self/cwd", guest.inside() / "magic_dir");
}

std::string outside_now(const Guest& guest) {
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(guest.outside())) {
    std::string name = entry.path().lexically_relative(guest.outside()).string();
    if (name.starts_with("inside")) continue;
    all += name + "\n";
    if (entry.is_regular_file()) all += read_file(entry.path()) + "\n";
    struct stat status;
    EXPECT_EQ(::lstat(entry.path().c_str(), &status), 0);
    all += std::to_string(status.st_mtim.tv_sec) + " " + std::to_string(status.st_nlink) + "\n";
  }
  return all;
}

TEST(Paths, LeadOutInNoCall) {
  const char* kWaysOut[] = {"..",
                            "../",
                            "../secret",
                            "../secrets/",
                            "../secrets/file",
                            "../new",
                            "dir/../../secret",
                            "dir/../../secrets/.",
                            "dir/../..",
                            "absolute_dir/",
                            "absolute_dir/file",
                            "absolute_dir/new",
                            "absolute_dir/.",
                            "relative_dir/",
                            "relative_dir/file",
                            "relative_dir/..",
                            "winding_dir/file",
                            "magic_dir/file",
                            "/secret",
                            "/"};
  Guest guest;
  furnish(guest);
  std::string before = outside_now(guest);
  for (const PathCall& call : kPathCalls) {
    for (const char* path : kWaysOut) {
      EXPECT_NE(call.call(guest, path), Errno::Success) << call.name << " " << path;
    }
  }
  // The last name of these is a link, which some calls may well act on: the link, not what it
  // names.
  for (const PathCall& call : kPathCalls) {
    for (const char* path : {"absolute", "relative", "absolute/", "relative/", "relative_dir/"}) {
      Guest fresh;
      furnish(fresh);
      std::string fresh_before = outside_now(fresh);
      (void)call.call(fresh, path);
      EXPECT_EQ(outside_now(fresh), fresh_before) << call.name << " " << path;
    }
  }
  EXPECT_EQ(outside_now(guest), before);
}

TEST(Paths, ThatLeaveAreNotcapable) {
  Guest guest;
  furnish(guest);
  for (const char* path :
       {"../secret", "absolute", "relative", "absolute_dir/file", "/mine", "dir/../../secret"}) {
    EXPECT_EQ(guest.open(path, {}), Errno::Notcapable) << path;
  }
  EXPECT_EQ(guest.open("dir/.././dir//..//mine", {}), Errno::Success);
}

TEST(Paths, AreChecked) {
  Guest guest;
  EXPECT_EQ(guest.open("", {}), Errno::Noent);
  EXPECT_EQ(guest.open(std::string_view("a\0b", 3), {}), Errno::Inval);
  EXPECT_EQ(guest.open(std::string(4096, 'a'), {}), Errno::Nametoolong);
  EXPECT_EQ(guest.open(std::string(300, 'a'), {}), Errno::Nametoolong);
  EXPECT_EQ(path_open(guest.state(), guest.memory(), 3, 0, 0xfff0, 100, 0, 0, 0, 0, 0x8000),
            Errno::Fault);
  EXPECT_EQ(path_open(guest.state(), guest.memory(), 9, 0, 0, 1, 0, 0, 0, 0, 0x8000), Errno::Badf);
  u32 file = guest.create("file");
  EXPECT_EQ(guest.open("x", {.fd = file}), Errno::Notdir);
  EXPECT_EQ(guest.open("x", {.flags = 16}), Errno::Inval);
}

TEST(Paths, FollowLinksOnlyWhereAsked) {
  Guest guest;
  write_file(guest.inside() / "file", "text");
  fs::create_symlink("file", guest.inside() / "link");
  fs::create_symlink("loop", guest.inside() / "loop");
  EXPECT_EQ(guest.open("link", {.lookup = 1}), Errno::Success);
  EXPECT_EQ(guest.open("link", {.lookup = 0}), Errno::Loop);
  EXPECT_EQ(guest.open("loop", {.lookup = 1}), Errno::Loop);
  auto stat = [&](u32 lookup) {
    EXPECT_EQ(
        path_filestat_get(guest.state(), guest.memory(), 3, lookup, guest.put("link"), 4, 0x8000),
        Errno::Success);
    return guest.at<std::uint8_t>(0x8010);
  };
  EXPECT_EQ(stat(0), 7);
  EXPECT_EQ(stat(1), 4);
}

TEST(Paths, WithTrailingSlashesNameDirectories) {
  Guest guest;
  write_file(guest.inside() / "file", "text");
  fs::create_directory(guest.inside() / "dir");
  fs::create_symlink("dir", guest.inside() / "link");
  EXPECT_EQ(guest.open("file/", {}), Errno::Notdir);
  EXPECT_EQ(guest.open("dir///", {}), Errno::Success);
  auto unlink = [&](std::string_view path) {
    return path_unlink_file(guest.state(), guest.memory(), 3, guest.put(path), Guest::size(path));
  };
  EXPECT_EQ(unlink("file/"), Errno::Notdir);
  EXPECT_EQ(unlink("dir/"), Errno::Isdir);
  EXPECT_EQ(unlink("link/"), Errno::Notdir);
  EXPECT_EQ(unlink("link"), Errno::Success);
  auto link = [&](std::string_view from, std::string_view to) {
    return path_link(guest.state(), guest.memory(), 3, 0, guest.put(from), Guest::size(from), 3,
                     guest.put(to), Guest::size(to));
  };
  EXPECT_EQ(link("file", "new/"), Errno::Noent);
  EXPECT_EQ(link("file/", "new"), Errno::Notdir);
  EXPECT_EQ(link("dir/", "new"), Errno::Perm);
  EXPECT_EQ(link("file", "new"), Errno::Success);
}

TEST(Symlinks, ToAbsolutePathsAreForRootsOnly) {
  Guest guest;
  auto symlink = [](Guest& g, std::string_view target) {
    return path_symlink(g.state(), g.memory(), g.put(target), Guest::size(target), 3, g.put("link"),
                        4);
  };
  EXPECT_EQ(symlink(guest, "/etc/passwd"), Errno::Notcapable);
  EXPECT_EQ(symlink(guest, ""), Errno::Noent);
  EXPECT_EQ(symlink(guest, "../../etc/passwd"), Errno::Success);
  EXPECT_EQ(guest.open("link", {}), Errno::Notcapable);
  Guest root(os::Scope::InRoot);
  fs::create_directory(root.inside() / "etc");
  write_file(root.inside() / "etc/name", "inside");
  ASSERT_EQ(symlink(root, "/etc/name"), Errno::Success);
  u32 fd = 0;
  ASSERT_EQ(root.open("link", {}, &fd), Errno::Success);
  std::string text;
  ASSERT_EQ(root.read(fd, text), Errno::Success);
  EXPECT_EQ(text, "inside");
}

TEST(Roots, ClampAndAreStillRootsWhenOpenedAgain) {
  Guest guest(os::Scope::InRoot);
  fs::create_directory(guest.inside() / "dir");
  write_file(guest.inside() / "file", "inside");
  fs::create_symlink("/file", guest.inside() / "link");
  fs::create_symlink("/file", guest.inside() / "dir/link");
  EXPECT_EQ(guest.open("../../file", {}), Errno::Success);
  u32 again = guest.open_directory(".");
  EXPECT_EQ(guest.open("link", {.fd = again}), Errno::Success);
  // A directory below is a capability of its own.
  u32 below = guest.open_directory("dir");
  EXPECT_EQ(guest.open("../file", {.fd = below}), Errno::Notcapable);
  EXPECT_EQ(guest.open("link", {.fd = below}), Errno::Notcapable);
  EXPECT_EQ(guest.open("dir/link", {}), Errno::Success);
}

TEST(Readlink, CutsWhatDoesNotFit) {
  Guest guest;
  fs::create_symlink("target", guest.inside() / "link");
  auto readlink = [&](std::string_view path, u32 size) {
    return path_readlink(guest.state(), guest.memory(), 3, guest.put(path), Guest::size(path),
                         0x8010, size, 0x8000);
  };
  ASSERT_EQ(readlink("link", 64), Errno::Success);
  EXPECT_EQ(guest.text(0x8010, guest.at<u32>(0x8000)), "target");
  ASSERT_EQ(readlink("link", 3), Errno::Success);
  EXPECT_EQ(guest.at<u32>(0x8000), 3u);
  ASSERT_EQ(readlink("link", 0), Errno::Success);
  EXPECT_EQ(guest.at<u32>(0x8000), 0u);
  EXPECT_EQ(readlink(".", 64), Errno::Inval);
}

TEST(Rename, NeedsRightsOnBothSides) {
  Guest guest;
  write_file(guest.inside() / "file", "text");
  fs::create_directory(guest.inside() / "dir");
  u32 weak = guest.open_directory(
      "dir", rights::kDirectory & ~rights::kPathRenameTarget & ~rights::kPathLinkTarget);
  EXPECT_EQ(
      path_rename(guest.state(), guest.memory(), 3, guest.put("file"), 4, weak, guest.put("x"), 1),
      Errno::Notcapable);
  EXPECT_EQ(
      path_link(guest.state(), guest.memory(), 3, 0, guest.put("file"), 4, weak, guest.put("x"), 1),
      Errno::Notcapable);
  EXPECT_TRUE(fs::exists(guest.inside() / "file"));
}

TEST(Link, DoesNotFollow) {
  Guest guest;
  fs::create_symlink("nowhere", guest.inside() / "link");
  auto link = [&](u32 lookup) {
    return path_link(guest.state(), guest.memory(), 3, lookup, guest.put("link"), 4, 3,
                     guest.put("copy"), 4);
  };
  EXPECT_EQ(link(1), Errno::Inval);
  EXPECT_EQ(link(0), Errno::Success);
  EXPECT_TRUE(fs::is_symlink(guest.inside() / "copy"));
}

// Somebody outside swaps a directory for a link that leads out, as fast as they can.
TEST(Paths, SurviveARace) {
  Guest guest;
  furnish(guest);
  fs::create_directory(guest.inside() / "race");
  write_file(guest.inside() / "race/file", "inside");
  std::atomic<bool> stop = false;
  fs::path inside = guest.inside();
  std::thread swapper([&] {
    while (!stop) {
      fs::rename(inside / "race", inside / "aside");
      fs::create_directory_symlink("../secrets", inside / "race");
      fs::remove(inside / "race");
      fs::rename(inside / "aside", inside / "race");
    }
  });
  int reached = 0;
  // However the two are scheduled: on a busy machine one may find the other at the same step for long.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (int i = 0; i < 3000 || (reached == 0 && std::chrono::steady_clock::now() < end); ++i) {
    u32 fd = 0;
    if (guest.open("race/file", {}, &fd) != Errno::Success) continue;
    std::string text;
    EXPECT_EQ(guest.read(fd, text), Errno::Success);
    EXPECT_EQ(text, "inside");
    fd_close(guest.state(), guest.memory(), fd);
    ++reached;
    (void)path_unlink_file(guest.state(), guest.memory(), 3, guest.put("race/none"), 9);
  }
  stop = true;
  swapper.join();
  EXPECT_GT(reached, 0);
  EXPECT_EQ(read_file(guest.outside() / "secrets/file"), "secret");
}

TEST(PathOpen, GivesNoWayToWriteToTheEnginesOwnMemory) {
  Options options;
  options.preopens.push_back(
      {.name = "/proc", .directory = os::Fd(::open("/proc/self", O_RDONLY | O_CLOEXEC))});
  Guest guest(os::Scope::Beneath, "/", std::move(options));
  EXPECT_EQ(guest.open("mem", {.base = rights::kFile}), Errno::Acces);
  EXPECT_EQ(guest.open("mem", {.base = rights::kFdWrite}), Errno::Acces);
  EXPECT_EQ(guest.open("comm", {.base = rights::kFdRead}), Errno::Success);
}

TEST(WorkingDirectory, IsWhereRelativePathsStart) {
  Guest guest(os::Scope::InRoot, "/app");
  for (const char* directory : {"app", "app/data", "etc", "data"}) {
    fs::create_directory(guest.inside() / directory);
  }
  write_file(guest.inside() / "etc/hosts", "hosts");
  write_file(guest.inside() / "app/config", "config");
  write_file(guest.inside() / "app/data/both", "app");
  write_file(guest.inside() / "data/both", "root");
  write_file(guest.inside() / "app/data/mine", "mine");
  auto read = [&](std::string_view path) {
    u32 fd = 0;
    std::string text(to_string(guest.open(path, {}, &fd)));
    if (text == "Success") {
      EXPECT_EQ(guest.read(fd, text), Errno::Success);
      fd_close(guest.state(), guest.memory(), fd);
    }
    return text;
  };
  EXPECT_EQ(read("etc/hosts"), "hosts");
  EXPECT_EQ(read("config"), "config");
  EXPECT_EQ(read("./config"), "config");
  EXPECT_EQ(read("../etc/hosts"), "hosts");
  EXPECT_EQ(read("app/config"), "config");
  EXPECT_EQ(read("data/both"), "root");
  EXPECT_EQ(read("./data/both"), "app");
  EXPECT_EQ(read("data/mine"), "mine");
  EXPECT_EQ(read("none"), "Noent");
  guest.create("new");
  EXPECT_TRUE(fs::exists(guest.inside() / "app/new"));
  guest.create("etc/new");
  EXPECT_TRUE(fs::exists(guest.inside() / "etc/new"));
}

}  // namespace
}  // namespace wherry::wasi
