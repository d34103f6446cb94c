#include "image/build/evaluate.h"

#include <sys/utsname.h>

#include <algorithm>

#include "base/error.h"
#include "image/build/config_instructions.h"
#include "image/build/limits.h"
#include "oci/default_path.h"

namespace wherry::build {
namespace {

oci::Platform build_platform() {
  utsname names{};
  sys([&] { return ::uname(&names); }, "uname");
  std::string machine = names.machine;
  if (machine == "x86_64") machine = "amd64";
  if (machine == "aarch64") machine = "arm64";
  return {.os = "linux", .architecture = machine, .variant = {}};
}

void add_platform(Variables& variables, const std::string& prefix, const oci::Platform& platform) {
  variables[prefix + "PLATFORM"] = to_string(platform);
  variables[prefix + "OS"] = platform.os;
  variables[prefix + "ARCH"] = platform.architecture;
  variables[prefix + "VARIANT"] = platform.variant;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

bool changes_files(InstructionKind kind) {
  return kind == InstructionKind::Copy || kind == InstructionKind::Add ||
         kind == InstructionKind::Workdir;
}

}  // namespace

Evaluator::Evaluator(const image::Store& store, const BuildRequest& request, const Dockerfile& file,
                     const Context& context, Ignore ignore, Progress& progress)
    : store_(store),
      request_(request),
      file_(file),
      context_tree_(context.tree(std::move(ignore))),
      progress_(progress) {
  add_platform(automatic_, "BUILD", build_platform());
  add_platform(automatic_, "TARGET", request.platform);
}

StageState Evaluator::evaluate() {
  std::size_t target = target_stage();
  const Stage& stage = file_.stages[target];
  automatic_["TARGETSTAGE"] = stage.name.empty() ? std::to_string(target) : stage.name;
  evaluate_global_args();
  require(target);
  for (std::size_t index : needed_) state_of(index);
  return std::move(state_of(target));
}

void Evaluator::evaluate_global_args() {
  globals_ = automatic_;
  for (const auto& [name, value] : request_.build_args) {
    if (globals_.contains(name)) globals_[name] = value;
  }
  for (const Instruction& arg : file_.global_args) {
    in_context([&] { return file_.position(arg.line) + ": ARG"; },
               [&] {
                 for (std::size_t i = 0; i < arg.pairs.size(); ++i) {
                   const auto& [name, value] = arg.pairs[i];
                   auto given = request_.build_args.find(name);
                   if (given != request_.build_args.end()) {
                     globals_[name] = given->second;
                   } else if (arg.has_value[i]) {
                     globals_[name] = expand(value, globals_, {.escape = file_.escape});
                   }
                 }
               });
  }
}

std::size_t Evaluator::target_stage() const {
  if (request_.target.empty()) return file_.stages.size() - 1;
  if (auto index = file_.find_stage(request_.target, file_.stages.size())) return *index;
  std::string names;
  for (const Stage& stage : file_.stages) {
    if (!stage.name.empty()) names += (names.empty() ? "" : ", ") + stage.name;
  }
  fail(ErrorKind::NotFound, "{}: no stage '{}'{}", file_.name, request_.target,
       names.empty() ? std::string() : " (there are: " + names + ")");
}

std::string Evaluator::base_of(const Stage& stage) const {
  std::string base = expand(stage.from.arguments[0], globals_, {.escape = file_.escape});
  if (base.empty()) {
    fail(ErrorKind::InvalidArgument,
         "FROM: '{}' expands to nothing: its ARG must stand before the first FROM and have a value",
         stage.from.arguments[0]);
  }
  return base;
}

oci::Platform Evaluator::platform_of(const Stage& stage) const {
  const std::string* flag = stage.from.flag("platform");
  if (!flag) return request_.platform;
  std::string platform = expand(*flag, globals_, {.escape = file_.escape});
  if (platform.empty()) {
    fail(ErrorKind::InvalidArgument, "FROM: --platform={} expands to nothing", *flag);
  }
  return oci::parse_platform(platform);
}

void Evaluator::require(std::size_t index) {
  if (!needed_.insert(index).second) return;
  const Stage& stage = file_.stages[index];
  in_context([&] { return file_.position(stage.from.line); },
             [&] {
               if (auto base = file_.find_stage(base_of(stage), index)) require(*base);
             });
  for (const Instruction& instruction : stage.instructions) {
    if (instruction.kind == InstructionKind::Run) {
      fail(ErrorKind::Unimplemented,
           "{}: RUN is not supported yet: '{}' (compile outside of the build and COPY the result)",
           file_.position(instruction.line), instruction.source.substr(0, 120));
    }
    const std::string* from =
        instruction.kind == InstructionKind::Copy ? instruction.flag("from") : nullptr;
    if (!from) continue;
    if (auto source = file_.find_stage(*from, index)) require(*source);
  }
}

StageState& Evaluator::state_of(std::size_t index) {
  auto found = states_.find(index);
  if (found != states_.end()) return found->second;
  const Stage& stage = file_.stages[index];
  StageState state = in_context([&] { return file_.position(stage.from.line); },
                                [&] { return begin_stage(index); });
  run_triggers(state, index);
  for (const Instruction& instruction : stage.instructions) {
    in_context([&] { return file_.position(instruction.line); },
               [&] { apply(instruction, state, index); });
  }
  return states_.emplace(index, std::move(state)).first->second;
}

StageState Evaluator::begin_stage(std::size_t index) {
  check_interrupted();
  const Stage& stage = file_.stages[index];
  std::string base = base_of(stage);
  oci::Platform platform = platform_of(stage);
  if (auto earlier = file_.find_stage(base, index); earlier && !is_number(base)) {
    StageState state(state_of(*earlier));
    step_ = 0;
    state.arguments.clear();
    state.has_cmd = false;
    return state;
  }
  step_ = 0;
  if (base == "scratch") {
    StageState state;
    state.image.platform = platform;
    state.image.config.env = {std::string("PATH=") + oci::kDefaultPath};
    state.image.config.working_dir = "/";
    return state;
  }
  progress_.begin(title_of(stage.from, index));
  StageState state = begin_image(base, platform);
  progress_.end();
  return state;
}

StageState Evaluator::begin_image(const std::string& name, const oci::Platform& platform) {
  std::optional<image::Image> image = store_.find(to_string(oci::parse_reference(name)));
  if (!image) {
    fail(ErrorKind::NotFound,
         "FROM: image '{}' is not in the local store, and pulling is not there yet", name);
  }
  if (!oci::matches(platform, image->config.platform)) {
    fail(ErrorKind::FailedPrecondition, "FROM: image '{}' is for {}, not for {}", name,
         to_string(image->config.platform), to_string(platform));
  }
  for (const oci::Descriptor& layer : image->manifest.layers) {
    if (oci::is_wasm_layer(layer.media_type)) {
      fail(ErrorKind::FailedPrecondition,
           "FROM: image '{}' is a bare module without a file system; COPY the module instead",
           name);
    }
  }
  if (image->manifest.layers.size() != image->config.diff_ids.size()) {
    fail(ErrorKind::DataLoss, "FROM: image '{}' has {} layers, and its configuration tells of {}",
         name, image->manifest.layers.size(), image->config.diff_ids.size());
  }
  StageState state;
  state.image = image->config;
  state.image.platform = platform;
  if (state.image.config.working_dir.empty()) state.image.config.working_dir = "/";
  for (std::size_t i = 0; i < image->manifest.layers.size(); ++i) {
    state.layers.push_back(BaseLayer{image->manifest.layers[i], image->config.diff_ids[i]});
  }
  state.image.diff_ids.clear();
  state.base = std::move(image);
  return state;
}

void Evaluator::run_triggers(StageState& stage, std::size_t index) {
  int line = file_.stages[index].from.line;
  std::vector<std::string> triggers = std::move(stage.image.config.on_build);
  stage.image.config.on_build.clear();
  for (const std::string& text : triggers) {
    in_context([&] { return file_.position(line) + ": ONBUILD trigger of the base image"; },
               [&] {
                 Instruction trigger = parse_trigger(text, file_.escape);
                 trigger.line = line;
                 apply(trigger, stage, index);
               });
  }
}

void Evaluator::apply(const Instruction& instruction, StageState& stage, std::size_t index) {
  check_interrupted();
  if (changes_files(instruction.kind)) {
    progress_.begin(title_of(instruction, index));
    in_context([&] { return std::string(spelling_of(instruction.kind)); },
               [&] {
                 if (instruction.kind == InstructionKind::Workdir) {
                   apply_workdir(instruction, stage);
                 } else {
                   apply_copy(instruction, stage, index);
                 }
               });
    progress_.end();
    return;
  }
  if (instruction.kind == InstructionKind::Run) {
    fail(ErrorKind::Unimplemented, "RUN is not supported yet: '{}'",
         instruction.source.substr(0, 120));
  }
  std::vector<std::string> notices;
  in_context([&] { return std::string(spelling_of(instruction.kind)); },
             [&] {
               if (instruction.kind == InstructionKind::Arg) {
                 apply_arg(instruction, stage);
               } else {
                 apply_config_instruction(instruction, file_.escape, stage, notices);
               }
             });
  for (const std::string& text : notices) notice(instruction.line, text);
  stage.image.history.push_back(
      {.created_by = instruction.source, .comment = "wherry", .empty_layer = true});
}

void Evaluator::apply_arg(const Instruction& instruction, StageState& stage) {
  for (std::size_t i = 0; i < instruction.pairs.size(); ++i) {
    const auto& [name, value] = instruction.pairs[i];
    auto given = request_.build_args.find(name);
    auto global = globals_.find(name);
    if (given != request_.build_args.end()) {
      stage.arguments[name] = given->second;
    } else if (instruction.has_value[i]) {
      stage.arguments[name] = expand(value, variables_of(stage), {.escape = file_.escape});
    } else if (global != globals_.end()) {
      stage.arguments[name] = global->second;
    }
  }
}

FileTree& Evaluator::files_of(StageState& stage) {
  if (!stage.files) {
    if (stage.base) {
      stage.files.emplace(tree_of_image(store_, *stage.base));
    } else {
      stage.files.emplace();
    }
  }
  return *stage.files;
}

void Evaluator::add_layer(const Instruction& instruction, StageState& stage,
                          const LayerPlan& plan) {
  oci::History history{
      .created_by = instruction.source, .comment = "wherry", .empty_layer = plan.is_empty()};
  stage.image.history.push_back(std::move(history));
  if (plan.is_empty()) return;
  if (stage.layers.size() == kMaxLayers) {
    fail(ErrorKind::ResourceExhausted, "more than {} layers", kMaxLayers);
  }
  stage.layers.push_back(std::make_shared<const PlannedLayer>(PlannedLayer{
      file_.position(instruction.line), instruction.source, plan.take_entries(files_of(stage))}));
}

std::string Evaluator::title_of(const Instruction& instruction, std::size_t index) {
  const Stage& stage = file_.stages[index];
  std::size_t total = stage.from.arguments[0] == "scratch" ? 0 : 1;
  for (const Instruction& each : stage.instructions) total += changes_files(each.kind);
  std::string name;
  if (!stage.name.empty()) {
    name = stage.name + " ";
  } else if (file_.stages.size() > 1) {
    name = fmt::format("stage-{} ", index);
  }
  ++step_;
  return fmt::format("[{}{}/{}] {}", name, step_, std::max(total, step_), instruction.source);
}

void Evaluator::notice(int line, const std::string& text) {
  progress_.notice(file_.position(line) + ": " + text);
}

void Evaluator::check_interrupted() const {
  if (request_.interrupted && request_.interrupted()) {
    fail(ErrorKind::Unavailable, "interrupted");
  }
}

}  // namespace wherry::build
