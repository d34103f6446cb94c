// ttrpc frames: any bytes are frames, the same ones in whatever pieces they arrive, and what is encoded
// is read as it was.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "container/ttrpc/frame.h"
#include "container/ttrpc/ttrpc.pb.h"

namespace {

using namespace wherry::ttrpc;

std::vector<Frame> frames_of(std::string_view bytes, std::size_t step) {
  FrameReader reader;
  std::vector<Frame> frames;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.push(bytes.substr(at, step));
    while (auto frame = reader.next()) frames.push_back(std::move(*frame));
  }
  return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  std::vector<Frame> frames = frames_of(bytes, bytes.size() + 1);
  WHERRY_CHECK(frames == frames_of(bytes, data[0] % 31 + 1u));
  for (const Frame& frame : frames) {
    if (frame.too_long) continue;
    std::string again =
        encode_frame(frame.stream, static_cast<FrameKind>(frame.kind), frame.message);
    std::vector<Frame> read = frames_of(again, again.size());
    WHERRY_CHECK(read.size() == 1 && read[0].message == frame.message);
    wire::Request request;
    if (request.ParseFromString(frame.message)) {
      WHERRY_CHECK(request.SerializeAsString().size() <= 2 * frame.message.size() + 64);
    }
  }
  return 0;
}
