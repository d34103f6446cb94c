#include "wasm/compiler/frames.h"

#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDebugFrame.h>

#include <algorithm>

#include "base/error.h"

namespace wherry::wasm::compiler {

namespace {

constexpr std::uint32_t kStackPointer = 7;  // its number in the x86-64 ABI's DWARF

template <typename T>
T good(llvm::Expected<T> value) {
  if (!value) fail(ErrorKind::Internal, "LLVM: {}", llvm::toString(value.takeError()));
  return std::move(*value);
}

// From the stack pointer; from another register, as while a large frame is probed, is as good as not at all.
std::uint32_t bytes_of(const llvm::dwarf::UnwindLocation& frame) {
  const bool known = frame.getLocation() == llvm::dwarf::UnwindLocation::RegPlusOffset &&
                     frame.getRegister() == kStackPointer;
  return known ? static_cast<std::uint32_t>(frame.getOffset()) : 0;
}

}  // namespace

void append_frames(const llvm::object::ELF64LEObjectFile& object, std::uint64_t offset,
                   std::vector<ArtifactContent::Frame>& frames) {
  const std::unique_ptr<llvm::DWARFContext> context = llvm::DWARFContext::create(object);
  const auto first = static_cast<std::ptrdiff_t>(frames.size());
  for (const llvm::dwarf::FrameEntry& entry : *good(context->getEHFrame())) {
    const auto* function = llvm::dyn_cast<llvm::dwarf::FDE>(&entry);
    if (!function) continue;
    for (const llvm::dwarf::UnwindRow& row : good(llvm::dwarf::UnwindTable::create(function))) {
      frames.push_back({.start = static_cast<std::uint32_t>(offset + row.getAddress()),
                        .bytes = bytes_of(row.getCFAValue())});
    }
  }
  std::ranges::sort(frames.begin() + first, frames.end(), {}, &ArtifactContent::Frame::start);
  const auto repeated = [](const auto& before, const auto& row) {
    return before.bytes == row.bytes;
  };
  frames.erase(std::unique(frames.begin() + first, frames.end(), repeated), frames.end());
}

}  // namespace wherry::wasm::compiler
