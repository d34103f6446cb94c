#include "os/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/error.h"
#include "os/file.h"
#include "os/path_at.h"

namespace wherry::os {
namespace {

constexpr std::size_t kMaxProcFile = 16u << 20;  // a machine may have very many mounts
constexpr std::size_t kMaxCgroupFile = 4u << 20;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool lists(std::string_view comma_separated, std::string_view name) {
  auto names = split(comma_separated, ',');
  return std::find(names.begin(), names.end(), name) != names.end();
}

// mountinfo writes space, tab, newline and backslash as "\040".
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    if (text[i] == '\\' && i + 4 <= text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8).ptr ==
            text.data() + i + 4) {
      plain += static_cast<char>(code);
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// Where this process is, by the controllers of a hierarchy ("" for v2).
struct Membership {
  std::string_view controllers;
  std::string_view path;
};

// Lines as "4:memory:/user.slice" and, of v2, "0::/user.slice".
std::vector<Membership> parse_memberships(std::string_view text) {
  std::vector<Membership> all;
  for (std::string_view line : split(text, '\n')) {
    std::size_t first = line.find(':');
    if (first == std::string_view::npos) continue;
    std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    all.push_back({line.substr(first + 1, second - first - 1), line.substr(second + 1)});
  }
  return all;
}

// A mount may show only a part of its hierarchy, as inside another container.
std::string below_mount(std::string_view path, std::string_view root) {
  if (root == "/") return std::string(path);
  bool inside = path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
  std::string rest(inside ? path.substr(root.size()) : "");
  return rest.empty() ? "/" : rest;
}

bool lists_all(std::string_view options, std::string_view controllers) {
  for (std::string_view name : split(controllers, ',')) {
    if (!lists(options, name)) return false;
  }
  return true;
}

std::string without_newline(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

void collect_pids(const CgroupFolder& folder, std::vector<pid_t>& into) {
  std::vector<pid_t> own = folder.own_pids();
  into.insert(into.end(), own.begin(), own.end());
  for (const CgroupFolder& child : folder.children()) collect_pids(child, into);
}

std::vector<std::string> child_names(int directory) {
  int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return {};
  std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(copy), ::closedir);
  std::vector<std::string> names;
  if (!entries) return names;
  while (const dirent* entry = ::readdir(entries.get())) {
    std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

// 0 or an errno value.
int make_group(int root, const std::string& path) {
  auto [parent, error] = try_open_parent(root, path, Scope::InRoot);
  if (!parent) return error;
  return ::mkdirat(parent->directory.get(), parent->name.c_str(), 0755) == 0 ? 0 : errno;
}

// True where name and all below it is gone.
bool remove_below(int directory, const std::string& name) {
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
  if (errno != EBUSY && errno != ENOTEMPTY) fail_errno(errno, "remove cgroup '{}'", name);
  Fd inner(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inner.is_open()) {
    if (errno == ENOENT) return true;
    fail_errno(errno, "remove cgroup '{}'", name);
  }
  for (const std::string& child : child_names(inner.get())) {
    if (!remove_below(inner.get(), child)) return false;
  }
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
  if (errno != EBUSY) fail_errno(errno, "remove cgroup '{}'", name);
  return false;
}

}  // namespace

bool CgroupHierarchy::has(std::string_view controller) const {
  return lists(controllers, controller);
}

std::vector<CgroupHierarchy> find_cgroups(std::string_view mountinfo,
                                          std::string_view memberships) {
  std::vector<Membership> own = parse_memberships(memberships);
  std::vector<CgroupHierarchy> found;
  std::vector<CgroupHierarchy> unified;
  for (std::string_view line : split(mountinfo, '\n')) {
    // 36 35 0:30 ROOT MOUNT rw,nosuid shared:9 - cgroup SOURCE OPTIONS
    std::size_t dash = line.find(" - cgroup");
    if (dash == std::string_view::npos) continue;
    auto before = split(line.substr(0, dash), ' ');
    auto after = split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    bool v2 = after[0] == "cgroup2";
    if (!v2 && after[0] != "cgroup") continue;
    for (const Membership& member : own) {
      if (member.controllers.empty() != v2 || !lists_all(after[2], member.controllers)) continue;
      CgroupHierarchy hierarchy{.controllers = std::string(member.controllers),
                                .mount = unescape(before[4]),
                                .own = below_mount(member.path, unescape(before[3]))};
      // The first mount of several counts: others are copies made for somebody.
      auto& list = v2 ? unified : found;
      bool known = std::any_of(list.begin(), list.end(), [&](const CgroupHierarchy& other) {
        return other.controllers == hierarchy.controllers;
      });
      if (!known) list.push_back(std::move(hierarchy));
      break;
    }
  }
  found.insert(found.end(), unified.begin(), unified.end());
  return found;
}

std::vector<CgroupHierarchy> find_cgroups() {
  return find_cgroups(read_file(AT_FDCWD, "/proc/self/mountinfo", kMaxProcFile),
                      read_file(AT_FDCWD, "/proc/self/cgroup", kMaxProcFile));
}

std::vector<CgroupHierarchy> find_cgroups_of(pid_t pid) {
  std::string memberships = fmt::format("/proc/{}/cgroup", pid);
  return find_cgroups(read_file(AT_FDCWD, "/proc/self/mountinfo", kMaxProcFile),
                      read_file(AT_FDCWD, memberships, kMaxProcFile));
}

std::optional<CgroupFolder> CgroupFolder::open(const std::string& mount, const std::string& path) {
  Fd root(::open(mount.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.is_open()) {
    if (errno == ENOENT) return std::nullopt;
    fail_errno(errno, "open '{}'", mount);
  }
  return open_below(root.get(), mount, path);
}

std::optional<CgroupFolder> CgroupFolder::open_below(int root, const std::string& mount,
                                                     const std::string& path) {
  OpenResult result =
      try_open_at(root, path.c_str(), {.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW});
  if (!result.fd.is_open()) {
    if (result.error == ENOENT) return std::nullopt;
    fail_errno(result.error, "open cgroup '{}{}'", mount, path);
  }
  return CgroupFolder(std::move(result.fd), path);
}

CgroupFolder::Made CgroupFolder::make(const std::string& mount, const std::string& path) {
  Fd root(sys([&] { return ::open(mount.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }, "open '{}'",
              mount));
  int error = make_group(root.get(), path);
  // Mostly what is above is there.
  for (std::size_t end = 0; error == ENOENT && end != std::string::npos;) {
    end = path.find('/', end + 1);
    int above = make_group(root.get(), path.substr(0, end));
    if (end == std::string::npos || (above != 0 && above != EEXIST)) error = above;
  }
  if (error == EACCES || error == EPERM || error == EROFS) return {.error = error};
  if (error != 0 && error != EEXIST) fail_errno(error, "make cgroup '{}{}'", mount, path);
  auto folder = open_below(root.get(), mount, path);
  if (!folder) fail(ErrorKind::NotFound, "cgroup '{}{}' went away", mount, path);
  return {.folder = std::move(folder), .is_new = error == 0};
}

std::string CgroupFolder::name_of(const std::string& file) const {
  return path_ + (path_.ends_with('/') ? "" : "/") + file;
}

bool CgroupFolder::has(const std::string& file) const {
  return ::faccessat(directory_.get(), file.c_str(), F_OK, 0) == 0;
}

std::optional<std::string> CgroupFolder::read_if_exists(const std::string& file) const {
  Fd source(::openat(directory_.get(), file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.is_open() && errno == ENOENT) return std::nullopt;
  std::string text;
  char buffer[4096];
  for (;;) {
    ssize_t got = source.is_open() ? ::read(source.get(), buffer, sizeof buffer) : -1;
    if (got == 0) return without_newline(std::move(text));
    if (got > 0) {
      text.append(buffer, static_cast<std::size_t>(got));
      if (text.size() > kMaxCgroupFile) {
        fail(ErrorKind::ResourceExhausted, "'{}' is larger than {} bytes", name_of(file),
             kMaxCgroupFile);
      }
    } else if (errno == ENODEV || errno == EOPNOTSUPP) {
      return std::nullopt;  // the group went away, or the kernel was told not to count this
    } else if (errno != EINTR) {
      fail_errno(errno, "read '{}'", name_of(file));
    }
  }
}

std::string CgroupFolder::read(const std::string& file) const {
  auto text = read_if_exists(file);
  if (!text) fail(ErrorKind::NotFound, "read '{}': there is none", name_of(file));
  return std::move(*text);
}

int CgroupFolder::try_write(const std::string& file, std::string_view value) const {
  Fd target(::openat(directory_.get(), file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!target.is_open()) return errno;
  for (;;) {
    // One write: the kernel takes each as a value of its own.
    if (::write(target.get(), value.data(), value.size()) >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

void CgroupFolder::write(const std::string& file, std::string_view value) const {
  int error = try_write(file, value);
  if (error) {
    fail_errno(error, "write '{}' to '{}'", value, name_of(file));
  }
}

std::vector<pid_t> CgroupFolder::own_pids() const {
  std::vector<pid_t> pids;
  // A group may go away, and one of v2's threads has no list of processes.
  Fd file(::openat(directory_.get(), "cgroup.procs", O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return pids;
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = ::read(file.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  for (std::string_view line : split(text, '\n')) {
    if (auto pid = parse_cgroup_number(line); pid && *pid > 0) {
      pids.push_back(static_cast<pid_t>(*pid));
    }
  }
  return pids;
}

std::vector<pid_t> CgroupFolder::pids() const {
  std::vector<pid_t> all;
  collect_pids(*this, all);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::vector<CgroupFolder> CgroupFolder::children() const {
  std::vector<CgroupFolder> folders;
  for (const std::string& name : child_names(directory_.get())) {
    Fd inner(
        ::openat(directory_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (inner.is_open()) folders.push_back(CgroupFolder(std::move(inner), path_ + "/" + name));
  }
  return folders;
}

void CgroupEntrance::enter_v1() const {
  for (const Fd& file : tasks) {
    sys([&] { return ::write(file.get(), "0", 1); }, "enter a cgroup");
  }
}

bool remove_cgroup(const std::string& mount, const std::string& path) {
  Fd root(::open(mount.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.is_open()) {
    if (errno == ENOENT) return true;
    fail_errno(errno, "open '{}'", mount);
  }
  auto [parent, error] = try_open_parent(root.get(), path, Scope::InRoot);
  if (!parent) {
    if (error == ENOENT) return true;
    fail_errno(error, "remove cgroup '{}{}'", mount, path);
  }
  return remove_below(parent->directory.get(), parent->name);
}

std::string check_cgroup_path(std::string_view path) {
  std::string checked;
  for (std::string_view name : split(path, '/')) {
    bool control = std::any_of(name.begin(), name.end(),
                               [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    if (name == "." || name == ".." || control) {
      fail(ErrorKind::InvalidArgument, "'{}' is no cgroup path: '{}' cannot be a part of it", path,
           name);
    }
    checked += '/';
    checked += name;
  }
  return checked.empty() ? "/" : checked;
}

std::string cgroup_parent(const std::string& path) {
  std::size_t slash = path.find_last_of('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::optional<std::uint64_t> parse_cgroup_number(std::string_view text) {
  if (text == "max") return ~std::uint64_t{0};
  std::uint64_t value = 0;
  auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc{} || result.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::vector<CgroupValue> parse_cgroup_values(std::string_view text) {
  std::vector<CgroupValue> values;
  for (std::string_view line : split(text, '\n')) {
    auto words = split(line, ' ');
    if (words.size() != 2) continue;
    if (auto number = parse_cgroup_number(words[1])) {
      values.push_back({std::string(words[0]), *number});
    }
  }
  return values;
}

}  // namespace wherry::os
