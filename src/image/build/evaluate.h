// From a Dockerfile to what its target stage is: layers to be and a configuration.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "image/build/build.h"
#include "image/build/context.h"
#include "image/build/copy.h"
#include "image/build/dockerfile.h"
#include "image/build/image_tree.h"
#include "image/build/stage.h"

namespace wherry::build {

// All arguments must outlive the evaluator, which belongs to one thread. Nothing is written.
class Evaluator {
 public:
  Evaluator(const image::Store& store, const BuildRequest& request, const Dockerfile& file,
            const Context& context, Ignore ignore, Progress& progress);

  // The target stage. Stages that it does not need are not looked at. Throws "Dockerfile:LINE: …".
  StageState evaluate();

 private:
  void evaluate_global_args();
  std::size_t target_stage() const;
  // Marks what stage and all before it that it needs; refuses what they may not hold.
  void require(std::size_t index);
  std::string base_of(const Stage& stage) const;
  oci::Platform platform_of(const Stage& stage) const;

  StageState& state_of(std::size_t index);
  StageState begin_stage(std::size_t index);
  StageState begin_image(const std::string& name, const oci::Platform& platform);
  void run_triggers(StageState& stage, std::size_t index);
  void apply(const Instruction& instruction, StageState& stage, std::size_t index);
  void apply_arg(const Instruction& instruction, StageState& stage);
  void apply_workdir(const Instruction& instruction, StageState& stage);
  void apply_copy(const Instruction& instruction, StageState& stage, std::size_t index);
  void add_layer(const Instruction& instruction, StageState& stage, const LayerPlan& plan);

  // What COPY --from reads, and what to call it.
  struct Origin {
    FileTree* tree;
    std::string name;
  };
  Origin origin_of(const Instruction& instruction, std::size_t index);
  FileTree& files_of(StageState& stage);

  std::string title_of(const Instruction& instruction, std::size_t index);
  void notice(int line, const std::string& text);
  void check_interrupted() const;

  const image::Store& store_;
  const BuildRequest& request_;
  const Dockerfile& file_;
  FileTree context_tree_;
  Progress& progress_;
  std::optional<Spool> spool_;  // made when ADD unpacks something

  Variables automatic_;  // TARGETPLATFORM and the like
  Variables globals_;    // ARGs before the first FROM, over automatic_
  std::set<std::size_t> needed_;
  std::map<std::size_t, StageState> states_;
  std::map<std::string, FileTree> image_trees_;  // of COPY --from=image
  std::size_t step_ = 0;                         // of the stage being evaluated
};

}  // namespace wherry::build
