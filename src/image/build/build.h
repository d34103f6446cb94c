// A Dockerfile and its context become an image of the store.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "image/build/expand.h"
#include "image/store/store.h"
#include "oci/platform.h"
#include "oci/reference.h"

namespace wherry::build {

struct BuildRequest {
  std::string context;          // a directory
  std::string dockerfile_name;  // for messages
  std::string dockerfile;       // its text
  // What takes the place of the context's .dockerignore, and its name for messages.
  std::optional<std::string> ignore_file;
  std::string ignore_name;

  std::vector<oci::Reference> names;
  oci::Platform platform = oci::wasm_platform();
  std::string target;  // a stage's name or number; empty for the last
  Variables build_args;
  std::map<std::string, std::string> labels;
  // Seconds since 1970: every time in the image is this one, so that equal inputs give equal bytes.
  std::optional<std::int64_t> source_date_epoch;
  // Asked now and then; true ends the build.
  std::function<bool()> interrupted;
};

struct BuiltImage {
  oci::Descriptor manifest;
  Digest config;
};

// Told what the build is doing, in order. Steps do not nest.
class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  virtual ~Progress() = default;

  virtual void begin(const std::string& step) = 0;
  virtual void end() = 0;
  virtual void notice(const std::string& text) = 0;  // a warning
};

// Nothing is written to the store before the whole Dockerfile is evaluated, and an image appears
// only when it is whole: a build that fails or is interrupted leaves the images as they were, and
// takes its blobs away again. Throws Error "Dockerfile:LINE: …".
BuiltImage build_image(const image::Store& store, const BuildRequest& request, Progress& progress);

}  // namespace wherry::build
