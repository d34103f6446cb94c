#include "container/local/bundle.h"

namespace wherry::container {
namespace {

// ':' separates layers in an overlay's lowerdir.
std::string escape_layer(const std::string& path) {
  std::string escaped;
  for (char c : path) {
    if (c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

oci::RuntimeMount root_mount(const BundleRequest& request) {
  if (request.image_root.empty()) {
    return {.destination = "/",
            .type = "tmpfs",
            .source = "tmpfs",
            .options = {"nosuid", "nodev", "mode=755", "size=16m"}};
  }
  std::vector<std::string> options = {
      "nosuid", "nodev",
      "lowerdir=" + escape_layer(request.image_root) + ":" + escape_layer(request.mount_points),
      "upperdir=" + request.layer + "/upper", "workdir=" + request.layer + "/work"};
  // Unmounting otherwise waits until all that anybody wrote to that disk is on it.
  if (request.is_passing) options.push_back("volatile");
  // Only attributes of its own kind can be written in a user namespace.
  if (request.rootless) options.push_back("userxattr");
  return {
      .destination = "/", .type = "overlay", .source = "overlay", .options = std::move(options)};
}

std::vector<oci::RuntimeMount> mounts_of(const BundleRequest& request) {
  std::vector<oci::RuntimeMount> mounts = {root_mount(request)};
  // A module has little use for /proc, and for writing there none: its own memory stands in it.
  mounts.push_back({.destination = "/proc",
                    .type = "proc",
                    .source = "proc",
                    .options = {"ro", "nosuid", "nodev", "noexec", "subset=pid"}});
  mounts.push_back({.destination = "/dev",
                    .type = "tmpfs",
                    .source = "tmpfs",
                    .options = {"nosuid", "noexec", "mode=755", "size=64k"}});
  if (request.module) {
    mounts.push_back({.destination = request.module->guest,
                      .type = "bind",
                      .source = request.module->host,
                      .options = {"bind", "ro", "nosuid", "nodev"}});
  }
  for (const Volume& volume : request.volumes) {
    mounts.push_back({.destination = volume.guest,
                      .type = "bind",
                      .source = volume.host,
                      .options = {"rbind", volume.read_only ? "ro" : "rw", "nosuid", "nodev"}});
  }
  return mounts;
}

}  // namespace

oci::RuntimeConfig make_config(const BundleRequest& request) {
  oci::RuntimeConfig config;
  config.process.user = request.user;
  config.process.args = request.args;
  config.process.env = request.env;
  config.process.cwd = request.cwd;
  config.process.no_new_privileges = true;  // and, unasked, no capability at all
  config.root = {.path = "rootfs", .readonly = request.read_only || request.image_root.empty()};
  config.hostname = request.hostname;
  config.mounts = mounts_of(request);
  oci::RuntimeLinux& section = config.linux_section;
  for (const char* type : {"pid", "mount", "ipc", "uts", "cgroup"}) {
    section.namespaces.push_back({.type = type});
  }
  if (!request.host_network) section.namespaces.push_back({.type = "network"});
  if (request.rootless) {
    section.namespaces.push_back({.type = "user"});
    section.uid_mappings = {
        {.container_id = request.user.uid, .host_id = request.host_uid, .size = 1}};
    section.gid_mappings = {
        {.container_id = request.user.gid, .host_id = request.host_gid, .size = 1}};
    config.process.user.additional_gids.clear();  // not an ordinary user's to give
  }
  if (request.invoke) config.annotations["org.wherry.invoke"] = *request.invoke;
  return config;
}

}  // namespace wherry::container
