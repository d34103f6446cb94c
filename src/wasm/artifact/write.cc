#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "wasm/abi/abi.h"
#include "wasm/artifact/artifact.h"
#include "wasm/artifact/format.h"

namespace wherry::wasm {

using namespace artifact_format;

namespace {

void put_u32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  out.resize(out.size() + sizeof value);
  store_little(out.data() + out.size() - sizeof value, value);
}

void pad_to_page(std::vector<std::uint8_t>& out) {
  out.resize((out.size() + kPage - 1) / kPage * kPage);
}

}  // namespace

std::vector<std::uint8_t> write_artifact(const ArtifactKey& key, const ArtifactContent& content) {
  WHERRY_CHECK(content.entry_thunks.size() == content.exit_thunks.size());
  std::vector<std::uint8_t> out(kHeaderBytes);
  struct Place {
    ArtifactContent::Range code;
    std::uint32_t function;
  };
  std::vector<Place> places;
  std::uint32_t compiled = 0;
  for (std::uint32_t i = 0; i < content.functions.size(); ++i) {
    put_u32(out, content.functions[i].start);
    put_u32(out, content.functions[i].size);
    if (content.functions[i].size == 0) continue;
    places.push_back({.code = content.functions[i], .function = i});
    ++compiled;
  }
  for (std::uint32_t thunk : content.entry_thunks) put_u32(out, thunk);
  for (std::uint32_t thunk : content.exit_thunks) put_u32(out, thunk);
  for (const ArtifactContent::Loop& loop : content.loops) {
    places.push_back({.code = loop.code, .function = loop.loop.function});
  }
  std::ranges::sort(places, {}, [](const Place& place) { return place.code.start; });
  for (const Place& place : places) {
    put_u32(out, place.code.start);
    put_u32(out, place.code.start + place.code.size);
    put_u32(out, place.function);
  }
  for (const ArtifactContent::Loop& loop : content.loops) {
    put_u32(out, loop.loop.function);
    put_u32(out, loop.loop.ordinal);
    put_u32(out, loop.code.start);
  }
  for (const ArtifactContent::Frame& frame : content.frames) {
    put_u32(out, frame.start);
    put_u32(out, frame.bytes);
  }
  pad_to_page(out);
  const std::size_t text_at = out.size();
  out.insert(out.end(), content.text.begin(), content.text.end());
  pad_to_page(out);
  const std::size_t rodata_at = out.size();
  out.insert(out.end(), content.rodata.begin(), content.rodata.end());
  pad_to_page(out);

  const Digest environment = digest_of(as_bytes(key.environment));
  std::uint8_t* header = out.data();
  std::memcpy(header + kMagicAt, kMagic, sizeof kMagic);
  store_little<std::uint32_t>(header + kVersionAt, kVersion);
  store_little<std::uint32_t>(header + kAbiVersionAt, abi::kVersion);
  store_little<std::uint64_t>(header + kFileBytesAt, out.size());
  std::memcpy(header + kModuleAt, key.module.sha256.data(), 32);
  std::memcpy(header + kEnvironmentAt, environment.sha256.data(), 32);
  std::memcpy(header + kShapeAt, content.shape.sha256.data(), 32);
  store_little(header + kFunctionsAt, static_cast<std::uint32_t>(content.functions.size()));
  store_little(header + kCompiledAt, compiled);
  store_little(header + kTypesAt, static_cast<std::uint32_t>(content.entry_thunks.size()));
  store_little(header + kLoopsAt, static_cast<std::uint32_t>(content.loops.size()));
  store_little(header + kFramesAt, static_cast<std::uint32_t>(content.frames.size()));
  store_little<std::uint64_t>(header + kTextAt, text_at);
  store_little<std::uint64_t>(header + kTextBytesAt, content.text.size());
  store_little<std::uint64_t>(header + kRodataAt, rodata_at);
  store_little<std::uint64_t>(header + kRodataBytesAt, content.rodata.size());
  return out;
}

}  // namespace wherry::wasm
