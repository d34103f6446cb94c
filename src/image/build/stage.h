// What a stage has come to: a value that the next instruction, or the next stage, goes on from.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "image/build/expand.h"
#include "image/build/layer_plan.h"
#include "image/build/tree.h"
#include "image/store/store.h"
#include "oci/image.h"

namespace wherry::build {

// A layer that the base image brought.
struct BaseLayer {
  oci::Descriptor descriptor;
  Digest diff_id;
};

// A layer that an instruction made; written when the image is.
struct PlannedLayer {
  std::string position;  // "Dockerfile:7"
  std::string source;    // the instruction
  std::vector<LayerPlan::Entry> entries;
};

using StageLayer = std::variant<BaseLayer, std::shared_ptr<const PlannedLayer>>;

struct StageState {
  oci::ImageConfig image;
  std::vector<StageLayer> layers;
  // Built from base when an instruction first needs it.
  std::optional<FileTree> files;
  std::optional<image::Image> base;
  // Within the stage only: not inherited by a stage that is FROM this one.
  Variables arguments;
  bool has_cmd = false;  // CMD was given in this very stage
};

// What ${…} sees: ARG, and ENV over it.
Variables variables_of(const StageState& stage);

}  // namespace wherry::build
