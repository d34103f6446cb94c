#include "container/runtime/entrypoint_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "oci/default_path.h"
#include "os/path_at.h"

namespace wherry::container {
namespace {

std::string_view search_path(const oci::RuntimeProcess& process) {
  constexpr std::string_view kPrefix = "PATH=";
  for (std::string_view variable : process.env) {
    if (variable.starts_with(kPrefix)) return variable.substr(kPrefix.size());
  }
  return oci::kDefaultPath;
}

// The result is only ever resolved inside the container's root, where ".." ends at the root.
std::string below(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.ends_with('/')) path += '/';
  path += name;
  return path;
}

std::vector<std::string> places_of(std::string_view name, const oci::RuntimeProcess& process) {
  if (name.starts_with('/')) return {std::string(name)};
  if (name.find('/') != std::string_view::npos) return {below(process.cwd, name)};
  std::vector<std::string> places;
  std::string_view path = search_path(process);
  while (!path.empty()) {
    std::size_t colon = path.find(':');
    std::string_view directory = path.substr(0, colon);
    // A relative directory in PATH would mean the image's working directory: not looked in twice.
    if (directory.starts_with('/')) places.push_back(below(directory, name));
    path = colon == std::string_view::npos ? std::string_view() : path.substr(colon + 1);
  }
  places.push_back(below(process.cwd, name));
  if (process.cwd != "/") places.push_back(below("/", name));
  return places;
}

bool is_bind(const oci::RuntimeMount& mount) {
  return mount.type == "bind" || std::ranges::any_of(mount.options, [](const std::string& option) {
           return option == "bind" || option == "rbind";
         });
}

std::string from_bundle(const std::string& path, const std::string& bundle) {
  return path.starts_with('/') ? path : bundle + "/" + path;
}

// What of path is below directory: "" for itself, nothing where it is not.
std::optional<std::string> rest_below(std::string_view path, std::string_view directory) {
  while (directory.ends_with('/')) directory.remove_suffix(1);
  if (!path.starts_with(directory)) return std::nullopt;
  path.remove_prefix(directory.size());
  if (!path.empty() && path.front() != '/') return std::nullopt;
  return std::string(path);
}

// The directory or file of the host that a container's path will be in, and the rest of the path. No
// directory where it will be on a file system that does not exist yet.
struct Place {
  std::string host;
  std::string rest;
};
Place place_of(const std::string& path, const oci::RuntimeConfig& config,
               const std::string& bundle) {
  Place place{.host = from_bundle(config.root.path, bundle), .rest = path};
  for (const oci::RuntimeMount& mount : config.mounts) {
    auto rest = rest_below(path, mount.destination);
    // Of two that hold it the deeper one is seen, and of two on one place the later.
    if (!rest || rest->size() > place.rest.size()) continue;
    place = {.host = is_bind(mount) ? from_bundle(mount.source, bundle) : std::string(),
             .rest = std::move(*rest)};
  }
  return place;
}

os::Fd open_for_reading(const Place& place) {
  constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
  if (place.host.empty()) return {};
  if (place.rest.empty()) return os::Fd(::open(place.host.c_str(), kFlags | O_CLOEXEC));
  os::Fd directory(::open(place.host.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) return {};
  return os::try_open_at(directory.get(), place.rest.c_str(), {.flags = kFlags}).fd;
}

}  // namespace

std::string_view entrypoint_path(std::string_view entrypoint) {
  return entrypoint.substr(0, entrypoint.find('#'));
}

std::string_view entrypoint_function(std::string_view entrypoint) {
  std::size_t mark = entrypoint.find('#');
  return mark == std::string_view::npos ? std::string_view() : entrypoint.substr(mark + 1);
}

std::vector<EntrypointCandidate> entrypoint_candidates(const oci::RuntimeProcess& process) {
  const std::string& name = process.args[0];
  std::vector<EntrypointCandidate> candidates;
  for (std::string& path : places_of(name, process)) {
    candidates.push_back({.path = std::move(path), .function = {}});
  }
  std::string_view path = entrypoint_path(name);
  if (path.empty() || path.size() == name.size()) return candidates;
  for (std::string& place : places_of(path, process)) {
    candidates.push_back(
        {.path = std::move(place), .function = std::string(entrypoint_function(name))});
  }
  return candidates;
}

std::optional<EntrypointFile> find_entrypoint(const oci::RuntimeConfig& config,
                                              const std::string& bundle) {
  for (EntrypointCandidate& candidate : entrypoint_candidates(config.process)) {
    os::Fd file = open_for_reading(place_of(candidate.path, config, bundle));
    struct stat status{};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    return EntrypointFile{.file = std::move(file), .path = std::move(candidate.path)};
  }
  return std::nullopt;
}

}  // namespace wherry::container
