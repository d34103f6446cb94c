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
  std::vector<std::uint32_t> by_address;
  for (std::uint32_t i = 0; i < content.functions.size(); ++i) {
    put_u32(out, content.functions[i].start);
    put_u32(out, content.functions[i].size);
    if (content.functions[i].size > 0) by_address.push_back(i);
  }
  for (std::uint32_t thunk : content.entry_thunks) put_u32(out, thunk);
  for (std::uint32_t thunk : content.exit_thunks) put_u32(out, thunk);
  std::ranges::sort(by_address, {}, [&](std::uint32_t i) { return content.functions[i].start; });
  for (std::uint32_t i : by_address) {
    put_u32(out, content.functions[i].start);
    put_u32(out, i);
  }
  pad_to_page(out);
  const std::size_t text_at = out.size();
  out.insert(out.end(), content.text.begin(), content.text.end());
  pad_to_page(out);
  const std::size_t rodata_at = out.size();
  out.insert(out.end(), content.rodata.begin(), content.rodata.end());
  pad_to_page(out);

  Sha256 environment;
  environment.update(as_bytes(key.environment));
  std::uint8_t* header = out.data();
  std::memcpy(header + kMagicAt, kMagic, sizeof kMagic);
  store_little<std::uint32_t>(header + kVersionAt, kVersion);
  store_little<std::uint32_t>(header + kAbiVersionAt, abi::kVersion);
  store_little<std::uint64_t>(header + kFileBytesAt, out.size());
  std::memcpy(header + kModuleAt, key.module.sha256.data(), 32);
  std::memcpy(header + kEnvironmentAt, environment.finish().sha256.data(), 32);
  store_little(header + kFunctionsAt, static_cast<std::uint32_t>(content.functions.size()));
  store_little(header + kCompiledAt, static_cast<std::uint32_t>(by_address.size()));
  store_little(header + kTypesAt, static_cast<std::uint32_t>(content.entry_thunks.size()));
  store_little<std::uint64_t>(header + kTextAt, text_at);
  store_little<std::uint64_t>(header + kTextBytesAt, content.text.size());
  store_little<std::uint64_t>(header + kRodataAt, rodata_at);
  store_little<std::uint64_t>(header + kRodataBytesAt, content.rodata.size());
  return out;
}

}  // namespace wherry::wasm
