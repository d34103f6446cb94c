#include "wasm/artifact/artifact.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "os/file.h"
#include "wasm/abi/abi.h"
#include "wasm/artifact/environment.h"
#include "wasm/artifact/format.h"

namespace wherry::wasm {
namespace {

using namespace artifact_format;
using Bytes = std::vector<std::uint8_t>;

const ArtifactKey kKey{.module = digest_of(as_bytes("a module")), .environment = "a machine"};

// Two functions of three, a loop of the second, one type.
ArtifactContent content() {
  return {
      .shape = digest_of(as_bytes("a shape")),
      .functions = {{.start = 64, .size = 16}, {}, {.start = 80, .size = 32}},
      .entry_thunks = {0},
      .exit_thunks = {32},
      .loops = {{.loop = {.function = 2, .ordinal = 5}, .code = {.start = 128, .size = 8}}},
      .frames = {{.start = 64, .bytes = 16}, {.start = 80, .bytes = 0}, {.start = 90, .bytes = 48}},
      .text = Bytes(200, 0xc3),
      .rodata = Bytes(10, 7)};
}

os::Fd file_of(const Bytes& bytes) {
  os::Fd file(sys([] { return ::memfd_create("artifact", MFD_CLOEXEC); }, "memfd_create"));
  os::write_all(file.get(), bytes);
  return file;
}

Artifact mapped(const Bytes& bytes) { return Artifact::map(file_of(bytes).get(), kKey); }

// What map() says of the file once `change` was done to it.
std::string refusal(const std::function<void(Bytes&)>& change) {
  Bytes bytes = write_artifact(kKey, content());
  change(bytes);
  try {
    mapped(bytes);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::FailedPrecondition);
    return error.what();
  }
  return "taken";
}

// Of a table's field, by the table's start.
constexpr std::size_t kRanges = kHeaderBytes;
constexpr std::size_t kEntryThunks = kRanges + 3 * kFunctionBytes;
constexpr std::size_t kExitThunks = kEntryThunks + kThunkBytes;
constexpr std::size_t kByAddress = kExitThunks + kThunkBytes;
constexpr std::size_t kLoops = kByAddress + 3 * kByAddressBytes;
constexpr std::size_t kFrames = kLoops + kLoopBytes;

std::string with_u32(std::size_t at, std::uint32_t value) {
  return refusal([&](Bytes& bytes) { store_little(bytes.data() + at, value); });
}
std::string with_u64(std::size_t at, std::uint64_t value) {
  return refusal([&](Bytes& bytes) { store_little(bytes.data() + at, value); });
}

TEST(ArtifactTest, WhatWasWrittenIsFound) {
  const Artifact artifact = mapped(write_artifact(kKey, content()));
  EXPECT_EQ(artifact.module(), kKey.module);
  EXPECT_EQ(artifact.shape(), content().shape);
  EXPECT_EQ(artifact.functions(), 3u);
  EXPECT_EQ(artifact.compiled(), 2u);
  EXPECT_EQ(artifact.function(1), nullptr);
  const std::uint8_t* text = artifact.entry_thunk(0);
  EXPECT_EQ(artifact.function(0), text + 64);
  EXPECT_EQ(artifact.exit_thunk(0), text + 32);
  EXPECT_EQ(*artifact.function(2), 0xc3);
  EXPECT_EQ(artifact.loops(), 1u);
  EXPECT_EQ(artifact.loop(0).loop, (LoopId{.function = 2, .ordinal = 5}));
  EXPECT_EQ(artifact.loop(0).code, text + 128);
}

TEST(ArtifactTest, ItsPlacesAreToldByAddress) {
  const Artifact artifact = mapped(write_artifact(kKey, content()));
  const std::uint8_t* text = artifact.entry_thunk(0);
  EXPECT_FALSE(artifact.find(text + 63));
  EXPECT_EQ(artifact.find(text + 79)->defined, 0u);
  EXPECT_EQ(artifact.find(text + 80)->start, text + 80);
  EXPECT_FALSE(artifact.find(text + 112));
  EXPECT_EQ(artifact.find(text + 135)->defined, 2u);
  EXPECT_EQ(artifact.find(text + 135)->start, text + 128);
  EXPECT_FALSE(artifact.find(text + 199));
  EXPECT_FALSE(artifact.frame(text + 10));
  EXPECT_EQ(artifact.frame(text + 79), 16u);
  EXPECT_FALSE(artifact.frame(text + 85));
  EXPECT_EQ(artifact.frame(text + 199), 48u);
  EXPECT_TRUE(artifact.contains(text + 199));
  EXPECT_FALSE(artifact.contains(text + 200));
}

TEST(ArtifactTest, TheSameContentGivesTheSameBytes) {
  EXPECT_EQ(write_artifact(kKey, content()), write_artifact(kKey, content()));
}

TEST(ArtifactTest, ForeignFilesAreRefused) {
  EXPECT_EQ(refusal([](Bytes&) {}), "taken");
  EXPECT_EQ(with_u32(kMagicAt, 7), "artifact: not an artifact");
  EXPECT_EQ(with_u32(kVersionAt, kVersion + 1), "artifact: of another version");
  EXPECT_EQ(with_u32(kAbiVersionAt, abi::kVersion + 1), "artifact: of another version");
  EXPECT_EQ(with_u32(kModuleAt, 1), "artifact: of another module");
  EXPECT_EQ(with_u32(kEnvironmentAt, 1), "artifact: for another machine or compiler");
  const os::Fd file = file_of(write_artifact(kKey, content()));
  EXPECT_NO_THROW(Artifact::map(file.get(), kKey.environment));
  EXPECT_THROW(Artifact::map(file.get(), "another machine"), Error);
}

TEST(ArtifactTest, CutFilesAreRefused) {
  const Bytes whole = write_artifact(kKey, content());
  for (std::size_t size = 0; size < whole.size(); size += 512) {
    EXPECT_EQ(refusal([&](Bytes& bytes) { bytes.resize(size); }), "artifact: cut short") << size;
  }
  EXPECT_EQ(refusal([](Bytes& bytes) { bytes.resize(bytes.size() + kPage); }),
            "artifact: cut short");
  int ends[2];
  sys([&] { return ::pipe(ends); }, "pipe");
  const os::Fd in(ends[0]), out(ends[1]);
  EXPECT_THROW(Artifact::map(in.get(), kKey), Error);
}

TEST(ArtifactTest, TablesThatLieOutsideAreRefused) {
  const char* outside = "artifact: its tables lie outside of it";
  for (std::size_t count : {kFunctionsAt, kCompiledAt, kTypesAt, kLoopsAt, kFramesAt}) {
    EXPECT_EQ(with_u32(count, 0xffffffff), outside) << count;
  }
  EXPECT_EQ(with_u64(kTextAt, 0), outside);
  EXPECT_EQ(with_u64(kTextAt, kPage + 1), outside);
  EXPECT_EQ(with_u64(kTextAt, 100 * kPage), outside);
  EXPECT_EQ(with_u64(kTextAt, ~std::uint64_t{kPage - 1}), outside);
  EXPECT_EQ(with_u64(kTextBytesAt, 3 * kPage), outside);
  EXPECT_EQ(with_u64(kTextBytesAt, ~std::uint64_t{0}), outside);
  EXPECT_EQ(with_u64(kRodataAt, 0), outside);
  EXPECT_EQ(with_u64(kRodataAt, 2 * kPage + 1), outside);
  EXPECT_EQ(with_u64(kRodataAt, ~std::uint64_t{kPage - 1}), outside);
  EXPECT_EQ(with_u64(kRodataBytesAt, kPage + 1), outside);
  EXPECT_EQ(with_u64(kRodataBytesAt, ~std::uint64_t{0}), outside);
}

TEST(ArtifactTest, RowsThatPointOutsideAreRefused) {
  EXPECT_EQ(with_u32(kRanges, 185), "artifact: a function lies outside");
  EXPECT_EQ(with_u32(kRanges + 4, 0xffffffff), "artifact: a function lies outside");
  EXPECT_EQ(with_u32(kEntryThunks, 200), "artifact: a thunk lies outside");
  EXPECT_EQ(with_u32(kExitThunks, 0xfffffffe), "artifact: a thunk lies outside");
  EXPECT_EQ(with_u32(kExitThunks, ArtifactContent::kNoThunk), "taken");
  EXPECT_EQ(with_u32(kLoops, 3), "artifact: a loop lies outside");
  EXPECT_EQ(with_u32(kLoops + 8, 200), "artifact: a loop lies outside");
}

TEST(ArtifactTest, TablesInDisorderAreRefused) {
  const char* disorder = "artifact: its functions are out of order";
  EXPECT_EQ(with_u32(kRanges + 4, 0), disorder);      // fewer than are said to be there
  EXPECT_EQ(with_u32(kByAddress + 4, 81), disorder);  // runs into the next
  EXPECT_EQ(with_u32(kByAddress + 4, 64), disorder);  // of no size
  EXPECT_EQ(with_u32(kByAddress + 8, 3), disorder);   // nobody's
  EXPECT_EQ(with_u32(kByAddress + 2 * kByAddressBytes + 4, 201), disorder);
  EXPECT_EQ(with_u32(kFrames, 80), "artifact: its frames are out of order");
}

TEST(EnvironmentTest, SaysWhatTheMachineHas) {
  const CpuFeatures known = known_cpu_features();
  EXPECT_TRUE(std::ranges::is_sorted(known));
  for (std::string_view feature : host_cpu_features()) {
    EXPECT_EQ(std::ranges::count(known, feature), 1) << feature;
    EXPECT_NE(host_environment().find(fmt::format(" +{}", feature)), std::string::npos);
  }
  EXPECT_NE(environment_for({}), environment_for({"avx2"}));
  EXPECT_EQ(host_environment(), environment_for(host_cpu_features()));
}

#ifdef __SSE4_2__
TEST(EnvironmentTest, KnowsWhatThisProgramIsCompiledFor) {
  EXPECT_EQ(std::ranges::count(host_cpu_features(), std::string_view("sse4.2")), 1);
}
#endif

}  // namespace
}  // namespace wherry::wasm
