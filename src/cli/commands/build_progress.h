// What `wherry build` shows while it works: numbered lines, or a view that is redrawn on a terminal.
#pragma once

#include <cstdio>
#include <memory>

#include "image/build/build.h"

namespace wherry::cli {

enum class ProgressStyle { Quiet, Plain, Redrawn };

// Writes to `to`, which must outlive it. Notices are shown in every style.
std::unique_ptr<build::Progress> make_build_progress(ProgressStyle style, std::FILE* to);

}  // namespace wherry::cli
