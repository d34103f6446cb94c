// wherry build
#include "image/build/build.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>

#include "cli/commands/build_progress.h"
#include "cli/commands/native_code.h"
#include "cli/commands/verbs.h"
#include "cli/term/args.h"
#include "image/build/context.h"
#include "image/build/limits.h"
#include "image/store/store.h"
#include "os/file.h"
#include "os/interrupt.h"

namespace wherry::cli {
namespace {

struct BuildOptions {
  std::string file;
  std::vector<std::string> tags;
  std::vector<std::string> platforms;
  std::string target;
  std::vector<std::string> build_args;
  std::vector<std::string> labels;
  std::string progress = "auto";
  std::string iidfile;
  std::string provenance = "false";
  std::string sbom = "false";
  bool quiet = false;
  bool load = false;
  bool compile = false;
  bool push = false;
  bool no_cache = false;
  bool pull = false;
};

void declare(Arguments& arguments, BuildOptions& options) {
  arguments.option("-f,--file", "FILE", &options.file,
                   "the Dockerfile; '-' is standard input (default: CONTEXT/Dockerfile)");
  arguments.list("-t,--tag", "NAME[:TAG]", &options.tags, "a name for the image; may be repeated");
  arguments.list("--platform", "PLATFORM", &options.platforms,
                 "what the image is for (default: wasi/wasm)");
  arguments.option("--target", "STAGE", &options.target, "the stage to build (default: the last)");
  arguments.list("--build-arg", "NAME[=VALUE]", &options.build_args,
                 "the value of an ARG; without '=' that of the environment");
  arguments.list("--label", "NAME=VALUE", &options.labels, "a label for the image");
  arguments.flag("-q,--quiet", &options.quiet, "print the image's digest and nothing else");
  arguments.option("--progress", "STYLE", &options.progress,
                   "auto, plain, tty or quiet (default: auto)");
  arguments.option("--iidfile", "FILE", &options.iidfile, "write the image's digest to a file");
  arguments.flag("--load", &options.load, "accepted: the image always goes to the local store");
  arguments.flag("--compile", &options.compile,
                 "compile the image's modules to native code as well");
  arguments.flag("--push", &options.push, "not there yet");
  arguments.flag("--pull", &options.pull, "not there yet");
  arguments.flag("--no-cache", &options.no_cache, "accepted: nothing is cached between builds");
  arguments.option("--provenance", "false", &options.provenance, "only 'false' is accepted");
  arguments.option("--sbom", "false", &options.sbom, "only 'false' is accepted");
}

void refuse_what_is_missing(const BuildOptions& options) {
  auto refuse = [](std::string_view what) {
    fail(ErrorKind::Unimplemented, "{} is not there yet", what);
  };
  if (options.push) refuse("'--push': pushing to a registry");
  if (options.pull) refuse("'--pull': pulling from a registry");
  if (options.provenance != "false") refuse("'--provenance': writing attestations");
  if (options.sbom != "false") refuse("'--sbom': writing attestations");
  if (options.platforms.size() > 1) refuse("'--platform': more than one platform in one build");
}

void read_pairs(const Context& context, const BuildOptions& options, build::BuildRequest& request) {
  for (const std::string& each : options.build_args) {
    std::size_t equals = each.find('=');
    std::string name = each.substr(0, equals);
    if (name.empty()) throw UsageError("flag '--build-arg' needs NAME=VALUE, not '" + each + "'");
    if (equals != std::string::npos) {
      request.build_args[name] = each.substr(equals + 1);
    } else if (auto value = context.environment(name.c_str())) {
      request.build_args[name] = *value;
    }
  }
  for (const std::string& each : options.labels) {
    std::size_t equals = each.find('=');
    if (equals == 0 || each.empty()) {
      throw UsageError("flag '--label' needs NAME=VALUE, not '" + each + "'");
    }
    request.labels[each.substr(0, equals)] =
        equals == std::string::npos ? "" : each.substr(equals + 1);
  }
}

// The build argument, or the environment's variable, of reproducible builds.
void read_epoch(const Context& context, build::BuildRequest& request) {
  constexpr const char* kName = "SOURCE_DATE_EPOCH";
  if (!request.build_args.contains(kName)) {
    auto value = context.environment(kName);
    if (!value || value->empty()) return;
    request.build_args[kName] = *value;
  }
  const std::string& text = request.build_args[kName];
  if (text.empty()) return;
  std::int64_t seconds = 0;
  constexpr std::int64_t kLast = 253402300799;  // the end of the year 9999
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || stop != text.data() + text.size() || seconds < 0 || seconds > kLast) {
    throw UsageError(fmt::format("{} must be seconds since 1970, not '{}'", kName, text));
  }
  request.source_date_epoch = seconds;
}

os::Fd open_file(const std::string& path) {
  return os::Fd(sys([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }, "open '{}'", path));
}

void read_dockerfile(const BuildOptions& options, build::BuildRequest& request) {
  if (options.file == "-") {
    request.dockerfile_name = "-";
    request.dockerfile =
        build::read_text(STDIN_FILENO, "standard input", build::kMaxDockerfileBytes);
    return;
  }
  std::string path = options.file;
  if (path.empty()) {
    path = request.context == "." ? "Dockerfile" : request.context + "/Dockerfile";
  }
  request.dockerfile_name = path;
  request.dockerfile = build::read_text(open_file(path).get(), path, build::kMaxDockerfileBytes);
  // A Dockerfile may have ignore rules of its own beside it.
  std::string ignore = path + ".dockerignore";
  if (::access(ignore.c_str(), F_OK) == 0) {
    request.ignore_file =
        build::read_text(open_file(ignore).get(), ignore, build::kMaxIgnoreFileBytes);
    request.ignore_name = ignore;
  }
}

void write_digest(const std::string& path, const std::string& digest) {
  os::Fd file(
      sys([&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666); },
          "write '{}'", path));
  in_context([&] { return "'" + path + "'"; },
             [&] { os::write_all(file.get(), as_bytes(digest)); });
}

ProgressStyle style_of(const BuildOptions& options, std::FILE* err) {
  if (options.quiet || options.progress == "quiet") return ProgressStyle::Quiet;
  if (options.progress == "plain") return ProgressStyle::Plain;
  if (options.progress == "tty") return ProgressStyle::Redrawn;
  if (options.progress != "auto") {
    throw UsageError("flag '--progress' takes auto, plain, tty or quiet, not '" + options.progress +
                     "'");
  }
  return ::isatty(::fileno(err)) ? ProgressStyle::Redrawn : ProgressStyle::Plain;
}

build::BuildRequest make_request(const Context& context, const BuildOptions& options,
                                 const std::string& directory) {
  build::BuildRequest request;
  request.context = directory;
  while (request.context.size() > 1 && request.context.ends_with('/')) request.context.pop_back();
  for (const std::string& tag : options.tags) {
    oci::Reference name = oci::parse_reference(tag);
    if (name.digest) throw UsageError("flag '--tag': '" + tag + "' has a digest; a tag has none");
    request.names.push_back(std::move(name));
  }
  if (!options.platforms.empty()) {
    if (options.platforms[0].find(',') != std::string::npos) {
      fail(ErrorKind::Unimplemented,
           "'--platform': more than one platform in one build is not there yet");
    }
    request.platform = oci::parse_platform(options.platforms[0]);
    // One name for the family, so that every tool finds the image.
    if (oci::is_wasm(request.platform)) request.platform = oci::wasm_platform();
  }
  request.target = options.target;
  read_pairs(context, options, request);
  read_epoch(context, request);
  read_dockerfile(options, request);
  request.interrupted = os::InterruptGuard::raised;
  return request;
}

}  // namespace

int build(Context& context, CommandArguments command_line) {
  BuildOptions options;
  Arguments arguments;
  declare(arguments, options);
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help(context, "build", arguments);
  if (operands->size() != 1) {
    throw UsageError(
        "'wherry build' takes one argument, the folder with the files: wherry build .");
  }
  const std::string& directory = operands->front();
  if (directory == "-" || directory.find("://") != std::string::npos) {
    fail(ErrorKind::Unimplemented, "a build context other than a folder is not there yet: '{}'",
         directory);
  }
  refuse_what_is_missing(options);
  ProgressStyle style = style_of(options, context.err);
  build::BuildRequest request = make_request(context, options, directory);

  std::optional<ModuleCompiler> compiler;
  if (options.compile) {
    using Say = ModuleCompiler::Say;
    compiler.emplace(context, style == ProgressStyle::Quiet ? Say::Nothing : Say::Progress);
  }

  std::unique_ptr<build::Progress> progress = make_build_progress(style, context.err);
  image::Store store(context.root);
  os::InterruptGuard interrupts;
  build::BuiltImage image = build::build_image(store, request, *progress);
  std::string digest = to_string(image.manifest.digest);
  if (compiler) compiler->compile(store, store.resolve(digest), directory);
  if (!options.iidfile.empty()) write_digest(options.iidfile, digest);
  fmt::print(context.out, "{}\n", digest);
  return 0;
}

}  // namespace wherry::cli
