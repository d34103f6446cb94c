#include "container/ttrpc/frame.h"

#include <gtest/gtest.h>

namespace wherry::ttrpc {
namespace {

std::string header(std::uint32_t length, std::uint32_t stream, int kind) {
  std::string bytes;
  for (std::uint32_t value : {length, stream}) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  }
  return bytes + static_cast<char>(kind) + '\0';
}

TEST(Frame, IsTenBytesAndAMessage) {
  EXPECT_EQ(encode_frame(3, FrameKind::Request, "abc"), header(3, 3, 1) + "abc");
}

TEST(Frame, IsReadFromPiecesOfAnySize) {
  std::string bytes = encode_frame(1, FrameKind::Request, "first") +
                      encode_frame(3, FrameKind::Response, "") +
                      encode_frame(5, FrameKind::Data, std::string(100000, 'x'));
  for (std::size_t step : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    FrameReader reader;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      reader.push(std::string_view(bytes).substr(at, step));
      while (auto frame = reader.next()) frames.push_back(std::move(*frame));
    }
    ASSERT_EQ(frames.size(), 3u) << step;
    EXPECT_EQ(frames[0].message, "first");
    EXPECT_EQ(frames[1], (Frame{.stream = 3, .kind = 2}));
    EXPECT_EQ(frames[2].message.size(), 100000u);
  }
}

TEST(Frame, OfMoreThanFourMegabytesIsSkippedAndSaid) {
  constexpr std::size_t kLength = kMaxMessageBytes + 1;
  std::string bytes = header(kLength, 7, 1) + std::string(kLength, 'x') +
                      encode_frame(9, FrameKind::Request, "next");
  for (std::size_t step : {std::size_t{65536}, bytes.size()}) {
    FrameReader reader;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      reader.push(std::string_view(bytes).substr(at, step));
      while (auto frame = reader.next()) frames.push_back(std::move(*frame));
    }
    ASSERT_EQ(frames.size(), 2u) << step;
    EXPECT_TRUE(frames[0].too_long);
    EXPECT_EQ(frames[0].stream, 7u);
    EXPECT_EQ(frames[0].message, "");
    EXPECT_EQ(frames[1].message, "next");
  }
}

TEST(Frame, OfExactlyFourMegabytesIsRead) {
  FrameReader reader;
  reader.push(encode_frame(1, FrameKind::Request, std::string(kMaxMessageBytes, 'x')));
  auto frame = reader.next();
  ASSERT_TRUE(frame);
  EXPECT_FALSE(frame->too_long);
}

}  // namespace
}  // namespace wherry::ttrpc
