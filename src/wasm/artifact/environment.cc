#include "wasm/artifact/environment.h"

// The C library's header is not C++, but for this word.
#define _Bool bool
#include <sys/platform/x86.h>
#undef _Bool

#include "base/error.h"
#include "wasm/abi/abi.h"
#include "wasm/artifact/build_id.h"
#include "wasm/artifact/format.h"

namespace wherry::wasm {

CpuFeatures host_cpu_features() {
  CpuFeatures features;
#define WHERRY_CPU_FEATURE(llvm, glibc) \
  if (CPU_FEATURE_ACTIVE(glibc)) features.emplace_back(llvm);
#include "wasm/artifact/cpu_features.def"
#undef WHERRY_CPU_FEATURE
  return features;
}

CpuFeatures known_cpu_features() {
  return {
#define WHERRY_CPU_FEATURE(llvm, glibc) llvm,
#include "wasm/artifact/cpu_features.def"
#undef WHERRY_CPU_FEATURE
  };
}

std::string environment_for(const CpuFeatures& features) {
  std::string text =
      fmt::format("wherry {} code {} abi {} artifact {} llvm {} x86-64", WHERRY_VERSION, kBuildId,
                  abi::kVersion, artifact_format::kVersion, kLlvmVersion);
  for (std::string_view feature : features) text += fmt::format(" +{}", feature);
  return text;
}

std::string host_environment() { return environment_for(host_cpu_features()); }

}  // namespace wherry::wasm
