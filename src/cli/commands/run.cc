// wherry run: an image or a module, to a bundle, to the guest's exit status.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>

#include "base/error.h"
#include "cli/commands/module_operand.h"
#include "cli/commands/run_options.h"
#include "cli/commands/runtime_process.h"
#include "cli/commands/verbs.h"
#include "cli/term/args.h"
#include "container/local/bundle.h"
#include "container/local/containers.h"
#include "container/local/user.h"
#include "image/store/store.h"
#include "oci/default_path.h"
#include "oci/platform.h"
#include "os/file.h"
#include "os/path_at.h"
#include "os/process.h"

namespace wherry::cli {
namespace {

namespace fs = std::filesystem;
using container::BundleRequest;

constexpr std::size_t kSweptAtAStart = 32;
constexpr std::size_t kMaxPasswdBytes = 1u << 20;
constexpr std::size_t kMaxEnvFileBytes = 8u << 20;

std::string read_in_root(int root, const char* path) {
  os::OpenResult file = os::try_open_at(root, path, {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY});
  if (!file.fd.is_open()) return {};
  std::string text(kMaxPasswdBytes, '\0');
  text.resize(
      os::read_full(file.fd.get(), {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  return text;
}

container::ResolvedUser find_user(const std::string& text, const std::string& image_root) {
  if (image_root.empty()) return container::resolve_user(text, "", "");
  os::Fd root(sys([&] { return ::open(image_root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); },
                  "open '{}'", image_root));
  return container::resolve_user(text, read_in_root(root.get(), "/etc/passwd"),
                                 read_in_root(root.get(), "/etc/group"));
}

void check_platform(const image::Image& image, const RunOptions& options) {
  const oci::Platform& offered = image.config.platform;
  if (!options.platform) {
    if (oci::is_wasm(offered)) return;
    fail(ErrorKind::FailedPrecondition,
         "image '{}' is for {}: only WebAssembly images run here, and handing Linux images over to "
         "crun or runc is not there yet",
         options.target, to_string(offered));
  }
  oci::Platform wanted = oci::parse_platform(*options.platform);
  if (oci::matches(wanted, offered)) return;
  fail(ErrorKind::FailedPrecondition, "image '{}' is for {}, not for {}", options.target,
       to_string(offered), to_string(wanted));
}

// What the guest is started with: Docker's rules for entrypoint and command.
std::vector<std::string> arguments_of(const RunOptions& options, const oci::ExecutionConfig& image,
                                      const std::string& module) {
  std::vector<std::string> arguments;
  if (options.entrypoint) {
    if (!options.entrypoint->empty()) arguments.push_back(*options.entrypoint);
  } else if (image.entrypoint && !image.entrypoint->empty()) {
    arguments = *image.entrypoint;
  } else if (!module.empty()) {
    arguments.push_back(module);
  }
  if (options.invoke && arguments.size() > 1) arguments.resize(1);
  const bool takes_cmd = options.arguments.empty() && !options.entrypoint && !options.invoke;
  const std::vector<std::string>& rest = takes_cmd && image.cmd ? *image.cmd : options.arguments;
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  if (arguments.empty()) {
    fail(ErrorKind::InvalidArgument,
         "image '{}' names no entrypoint and no command: give one after the image", options.target);
  }
  return arguments;
}

std::vector<std::string> environment_of(const Context& context, const RunOptions& options,
                                        const oci::ExecutionConfig& image,
                                        const std::string& hostname, const std::string& home) {
  std::vector<std::string> variables = {std::string("PATH=") + oci::kDefaultPath,
                                        "HOSTNAME=" + hostname, "HOME=" + home};
  container::merge_environment(variables, image.env);
  for (const std::string& file : options.env_files) {
    std::string text = os::read_file(AT_FDCWD, file, kMaxEnvFileBytes);
    container::merge_environment(variables,
                                 container::parse_env_file(text, file, context.environment));
  }
  for (const std::string& given : options.env) {
    auto variable = container::parse_variable(given, context.environment);
    if (variable) container::merge_environment(variables, {*variable});
  }
  return variables;
}

std::vector<container::Volume> volumes_of(const Context& context, const RunOptions& options) {
  std::vector<container::Volume> volumes;
  if (options.volumes.empty()) return volumes;
  std::string here = fs::current_path();
  std::string home = context.environment("HOME").value_or("/");
  for (const std::string& text : options.volumes) {
    container::Volume volume = container::parse_volume(text, here, home);
    // As Docker does: a folder that is not there is made.
    std::error_code error;
    if (!fs::exists(volume.host, error)) fs::create_directories(volume.host, error);
    if (error) fail_errno(error.value(), "volume '{}'", text);
    volumes.push_back(std::move(volume));
  }
  return volumes;
}

// Standard input as -i says. A guest that was not given any reads an end of file.
os::Fd standard_input(const RunOptions& options) {
  if (options.terminal && !::isatty(STDIN_FILENO)) {
    fail(ErrorKind::FailedPrecondition, "-t: standard input is no terminal");
  }
  if (options.interactive) return os::Fd();
  return os::Fd(sys([] { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }, "open '/dev/null'"));
}

struct Target {
  oci::ExecutionConfig config;
  std::string image_root;  // empty for a bare module
  std::string module;      // the entrypoint, where the image itself names none
  std::string digest;      // of the image
};

// Requires: the Lease of the store lives until the container has its layer.
Target find_image(const image::Store& store, const RunOptions& options) {
  auto found = store.find(options.target);
  if (!found) {
    const bool maybe_a_file = options.target.ends_with(".wasm");
    fail(ErrorKind::NotFound, "no {}image named '{}'", maybe_a_file ? "module and no " : "",
         options.target);
  }
  const image::Image& image = *found;
  check_platform(image, options);
  image::RootFs root = store.rootfs(image);
  return {.config = image.config.config,
          .image_root = fs::absolute(root.path),
          .module = std::move(root.module),
          .digest = to_string(image.id())};
}

BundleRequest request_for(Context& context, const RunOptions& options, const Target& target,
                          const container::HeldContainer& held, const std::string& layer) {
  const std::string short_id = held.record().id.substr(0, 12);
  BundleRequest request;
  if (!layer.empty()) {
    request.layer = layer;
    request.mount_points = held.mount_points();
  }
  request.image_root = target.image_root;
  request.args = arguments_of(options, target.config, target.module);
  if (target.image_root.empty()) {
    request.module = {.host = fs::absolute(options.target), .guest = target.module};
  }
  container::ResolvedUser user =
      find_user(options.user.value_or(target.config.user), target.image_root);
  request.user = user.user;
  request.hostname = options.hostname.value_or(short_id);
  request.env = environment_of(context, options, target.config, request.hostname, user.home);
  request.cwd = options.workdir.value_or(target.config.working_dir);
  if (request.cwd.empty()) request.cwd = "/";
  if (request.cwd[0] != '/') {
    fail(ErrorKind::InvalidArgument, "the working directory '{}' must be absolute", request.cwd);
  }
  request.volumes = volumes_of(context, options);
  request.read_only = options.read_only;
  request.host_network = options.network == "host";
  request.invoke = options.invoke;
  request.is_passing = options.remove;
  request.rootless = !context.is_root;
  request.host_uid = ::geteuid();
  request.host_gid = ::getegid();
  return request;
}

void write_bundle(const container::HeldContainer& held, const BundleRequest& request) {
  std::string rootfs = held.directory() + "/rootfs";
  sys([&] { return ::mkdir(rootfs.c_str(), 0700); }, "make folder '{}'", rootfs);
  held.write("config.json", to_json(container::make_config(request)));
}

std::string command_text(const std::vector<std::string>& arguments) {
  std::string text;
  for (const std::string& argument : arguments) text += (text.empty() ? "" : " ") + argument;
  return text;
}

}  // namespace

int run(Context& context, CommandArguments command_line) {
  Arguments arguments;
  auto parsed = parse_run_options(command_line, arguments);
  if (!parsed) return show_help(context, "run", arguments);
  const RunOptions& options = *parsed;

  const bool bare_module = is_bare_module(options.target);
  const os::Fd input = standard_input(options);
  container::LocalContainers containers(context.root, context.run_root);
  container::Record record{.id = container::new_container_id(),
                           .name = options.name,
                           .image = options.target,
                           .remove_at_end = options.remove};
  RuntimeProcess runtime(context, record.id, containers.folder_of(record), input.get());
  containers.sweep(kSweptAtAStart);
  Target target;
  std::optional<image::Lease> lease;
  if (bare_module) {
    target.module = "/" + fs::path(options.target).filename().string();
  } else {
    image::Store store(context.root);
    lease.emplace(store.lease());
    target = find_image(store, options);
  }

  record.command = command_text(arguments_of(options, target.config, target.module));
  record.created = std::time(nullptr);

  // From here on a signal waits for the runtime to receive it: what is made is undone.
  os::SignalForwarder signals;
  container::HeldContainer held = containers.create(std::move(record));
  std::string layer = target.digest.empty() ? "" : held.make_layer(target.digest);
  lease.reset();
  write_bundle(held, request_for(context, options, target, held, layer));
  int status = runtime.run(signals).exit_code();
  if (!options.remove) held.keep({.code = status, .finished = std::time(nullptr)});
  return status;
}

}  // namespace wherry::cli
