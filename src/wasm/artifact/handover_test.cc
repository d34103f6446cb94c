#include "wasm/artifact/handover.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace wherry::wasm::handover {
namespace {

TEST(Handover, EveryMessageIsReadAsItWasWritten) {
  const Message messages[] = {
      Hot{.rows = {{.function = 7, .samples = 3}, {.function = 0xfffffffe}}}, Hot{},
      Osr{.function = 5, .ordinal = 2}, Part{}, End{}};
  for (const Message& message : messages) {
    const std::optional<Message> read = decode(encode(message));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(*read, message);
  }
  Hot most;
  most.rows.resize(kMaxRows);
  EXPECT_EQ(encode(most).size(), kMaxBytes);
  EXPECT_EQ(decode(encode(most)), Message(most));
}

TEST(Handover, WhatIsNoMessageIsRefused) {
  const Message messages[] = {Hot{.rows = {{.function = 7, .samples = 3}}}, Osr{}, Part{}, End{}};
  for (const Message& message : messages) {
    std::vector<std::uint8_t> bytes = encode(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode(ByteSpan(bytes).first(size)).has_value());
    }
    bytes.push_back(0);
    EXPECT_FALSE(decode(bytes).has_value());
  }
  auto record = [](std::uint32_t kind, std::uint32_t rows, std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    store_little(bytes.data(), kind);
    store_little(bytes.data() + 4, rows);
    return bytes;
  };
  EXPECT_FALSE(decode(record(0, 0, 8)).has_value());
  EXPECT_FALSE(decode(record(5, 0, 8)).has_value());
  EXPECT_FALSE(decode(record(2, 2, 24)).has_value());
  EXPECT_FALSE(decode(record(3, 1, 16)).has_value());
  EXPECT_FALSE(decode(record(1, kMaxRows + 1, 16 + 8 * kMaxRows)).has_value());
  EXPECT_FALSE(decode(record(1, 0x20000000, 8)).has_value());
}

struct Pair {
  Pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    a = os::Fd(ends[0]);
    b = os::Fd(ends[1]);
  }
  os::Fd a, b;
};

TEST(Handover, ADescriptorGoesWithAPart) {
  Pair pair;
  const os::Fd file(::memfd_create("part", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(file.get(), 123), 0);
  ASSERT_TRUE(try_send(pair.a.get(), Part{}, file.get()));
  ASSERT_TRUE(try_send(pair.a.get(), End{}));
  Received part = try_receive(pair.b.get());
  ASSERT_EQ(part.got, Got::Message);
  EXPECT_EQ(part.message, Message(Part{}));
  struct stat status{};
  ASSERT_EQ(::fstat(part.descriptor.get(), &status), 0);
  EXPECT_EQ(status.st_size, 123);
  EXPECT_EQ(::fcntl(part.descriptor.get(), F_GETFD), FD_CLOEXEC);
  Received end = try_receive(pair.b.get());
  EXPECT_EQ(end.message, Message(End{}));
  EXPECT_FALSE(end.descriptor.is_open());
}

TEST(Handover, NobodyWaits) {
  Pair pair;
  EXPECT_EQ(try_receive(pair.a.get()).got, Got::Nothing);
  bool full = false;
  for (int i = 0; i < 100'000 && !full; ++i) full = !try_send(pair.a.get(), Osr{});
  EXPECT_TRUE(full);
}

TEST(Handover, AnEndThatIsGoneIsSeen) {
  Pair pair;
  pair.b.reset();
  EXPECT_FALSE(try_send(pair.a.get(), End{}));
  EXPECT_EQ(try_receive(pair.a.get()).got, Got::Gone);
}

TEST(Handover, AnEndThatTalksNonsenseIsGone) {
  Pair pair;
  ASSERT_EQ(::send(pair.b.get(), "nonsense", 8, 0), 8);
  EXPECT_EQ(try_receive(pair.a.get()).got, Got::Gone);
  const std::vector<char> much(100'000);
  ASSERT_EQ(::send(pair.b.get(), much.data(), much.size(), 0), 100'000);
  EXPECT_EQ(try_receive(pair.a.get()).got, Got::Gone);
}

}  // namespace
}  // namespace wherry::wasm::handover
