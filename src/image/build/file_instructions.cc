// COPY, ADD and WORKDIR: the part of the evaluator that changes files.
#include <algorithm>

#include "base/error.h"
#include "image/build/evaluate.h"
#include "image/build/glob.h"

namespace wherry::build {
namespace {

// A destination as an absolute path; a trailing '/' says that it is a directory.
std::string absolute_destination(const std::string& working_dir, const std::string& written) {
  bool directory = written.ends_with('/') || written == "." || written == ".." ||
                   written.ends_with("/.") || written.ends_with("/..");
  std::string path =
      clean_path(written.starts_with('/') ? written : "/" + working_dir + "/" + written);
  if (directory && path != "/") path += '/';
  return path;
}

bool is_remote(std::string_view source) {
  return source.starts_with("http://") || source.starts_with("https://") ||
         source.starts_with("git@") || source.starts_with("git://") || source.starts_with("ssh://");
}

// Puts what was copied to a tree of its own onto another, as layers are put on each other.
void merge(FileTree& from, const LayerPlan& plan, FileTree& into) {
  for (const LayerPlan::Entry& entry : plan.take_entries(from)) {
    std::size_t slash = entry.path.rfind('/');
    auto parent =
        into.find(slash == entry.path.npos ? "" : entry.path.substr(0, slash), Follow::No);
    WHERRY_CHECK(parent && parent->node->is_directory());
    into.children(*parent->node, parent->path);
    into.put(*parent->node, entry.path.substr(slash + 1), entry.metadata);
  }
}

const Heredoc* find_heredoc(const Instruction& instruction, const std::string& word) {
  Heredoc announced;
  if (instruction.heredocs.empty() || !parse_heredoc_word(word, announced)) return nullptr;
  for (const Heredoc& heredoc : instruction.heredocs) {
    if (heredoc.name == announced.name) return &heredoc;
  }
  return nullptr;
}

// The flags of COPY and ADD, their variables replaced.
CopyOptions read_options(const Instruction& instruction, const Variables& variables, char escape,
                         FileTree& accounts) {
  CopyOptions options;
  for (const auto& [name, value] : instruction.flags) {
    std::string expanded = expand(value, variables, {.escape = escape});
    in_context([&] { return "flag '--" + name + "'"; },
               [&] {
                 if (name == "chown" && !expanded.empty()) {
                   options.owner = parse_owner(expanded, accounts);
                 }
                 if (name == "chmod" && !expanded.empty()) options.mode.emplace(expanded);
                 if (name == "exclude") options.exclude.add(expanded);
                 if (name == "parents") options.keep_parents = expanded == "true";
                 if (name == "checksum" || (name == "keep-git-dir" && expanded == "true")) {
                   fail(ErrorKind::InvalidArgument, "is for sources fetched from the network");
                 }
               });
  }
  return options;
}

}  // namespace

void Evaluator::apply_workdir(const Instruction& instruction, StageState& stage) {
  oci::ExecutionConfig& config = stage.image.config;
  std::string path =
      expand(instruction.arguments[0], variables_of(stage), {.escape = file_.escape});
  if (path.empty()) {
    fail(ErrorKind::InvalidArgument, "'{}' expands to nothing", instruction.arguments[0]);
  }
  config.working_dir =
      clean_path(path.starts_with('/') ? path : "/" + config.working_dir + "/" + path);
  LayerPlan plan;
  FileTree& files = files_of(stage);
  // The account is looked up only if a directory is made for it.
  std::optional<Owner> owner;
  files.make_directories(config.working_dir, [&](Node& directory, const std::string& made) {
    if (!owner) {
      std::string user = config.user.empty() ? "0" : config.user;
      owner = in_context([&] { return fmt::format("make '/{}' for USER '{}'", made, user); },
                         [&] { return parse_owner(user, files); });
    }
    directory.uid = owner->uid;
    directory.gid = owner->gid;
    plan.touch(made);
  });
  add_layer(instruction, stage, plan);
}

Evaluator::Origin Evaluator::origin_of(const Instruction& instruction, std::size_t index) {
  const std::string* from = instruction.flag("from");
  if (!from) return {&context_tree_, "the build context"};
  if (from->find('$') != std::string::npos) {
    fail(ErrorKind::InvalidArgument,
         "flag '--from' takes no variables, found '{}'; name a stage: FROM {} AS base", *from,
         *from);
  }
  if (auto stage = file_.find_stage(*from, index)) {
    std::size_t step = step_;
    FileTree& tree = files_of(state_of(*stage));
    step_ = step;
    return {&tree, fmt::format("stage '{}'", *from)};
  }
  bool digits = from->find_first_not_of("0123456789") == std::string::npos;
  if (file_.find_stage(*from, file_.stages.size()) || digits) {
    fail(ErrorKind::InvalidArgument, "flag '--from': stage '{}' does not come before this one",
         *from);
  }
  if (auto known = image_trees_.find(*from); known != image_trees_.end()) {
    return {&known->second, fmt::format("image '{}'", *from)};
  }
  std::optional<image::Image> image = store_.find(to_string(oci::parse_reference(*from)));
  if (!image) {
    fail(ErrorKind::NotFound,
         "'{}' is neither an earlier stage nor an image in the local store, and pulling is not "
         "there yet",
         *from);
  }
  auto made = image_trees_.emplace(*from, tree_of_image(store_, *image)).first;
  return {&made->second, fmt::format("image '{}'", *from)};
}

void Evaluator::apply_copy(const Instruction& instruction, StageState& stage, std::size_t index) {
  Variables variables = variables_of(stage);
  Origin origin = origin_of(instruction, index);
  FileTree& files = files_of(stage);
  CopyOptions options = read_options(instruction, variables, file_.escape, files);
  bool is_add = instruction.kind == InstructionKind::Add;

  std::vector<CopySource> sources;
  for (std::size_t i = 0; i + 1 < instruction.arguments.size(); ++i) {
    const std::string& written = instruction.arguments[i];
    if (const Heredoc* heredoc = find_heredoc(instruction, written)) {
      std::string text = heredoc->content;
      if (heredoc->expand) text = expand(text, variables, {.skip_quotes = true});
      Metadata file{.type = NodeType::File, .mode = 0644, .size = text.size()};
      file.content = text_content(std::move(text));
      sources.push_back({heredoc->name, std::move(file)});
      continue;
    }
    std::string source = expand(written, variables, {.escape = file_.escape});
    if (source.empty()) fail(ErrorKind::InvalidArgument, "'{}' expands to nothing", written);
    if (is_add && is_remote(source)) {
      fail(ErrorKind::Unimplemented, "fetching '{}' is not there yet; download it and COPY it",
           source);
    }
    sources.push_back({std::move(source), std::nullopt});
  }
  const std::string& written = instruction.arguments.back();
  std::string destination = expand(written, variables, {.escape = file_.escape});
  if (destination.empty()) fail(ErrorKind::InvalidArgument, "'{}' expands to nothing", written);
  if (find_heredoc(instruction, written)) {
    fail(ErrorKind::InvalidArgument, "the destination may not be a here-document");
  }
  destination = absolute_destination(stage.image.config.working_dir, destination);

  const std::string* unpack = instruction.flag("unpack");
  if (is_add && (!unpack || *unpack == "true")) {
    options.unpack = [&](const Metadata& file, FileTree& target, LayerPlan& plan,
                         const std::string& directory) {
      if (!spool_) spool_.emplace(store_);
      return unpack_archive(file, target, plan, directory, options.owner, *spool_);
    };
  }
  LayerPlan plan;
  std::vector<std::string> notices;
  if (instruction.has_switch("link")) {
    // Copied as if onto nothing: what the stage holds has no say in where the files go.
    FileTree alone;
    copy_files(*origin.tree, origin.name, sources, alone, destination, options, plan, notices);
    merge(alone, plan, files);
  } else {
    copy_files(*origin.tree, origin.name, sources, files, destination, options, plan, notices);
  }
  for (const std::string& text : notices) {
    notice(instruction.line, fmt::format("{}: {}", spelling_of(instruction.kind), text));
  }
  add_layer(instruction, stage, plan);
}

}  // namespace wherry::build
