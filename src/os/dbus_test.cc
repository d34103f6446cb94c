#include "os/dbus.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::os {
namespace {

DbusMessage example() {
  DbusWriter body;
  body.string("unit.scope");
  std::size_t array = body.begin_array(8);
  body.begin_struct();
  body.string("PIDs");
  body.signature("au");
  std::size_t inner = body.begin_array(4);
  body.uint32(7);
  body.end_array(inner);
  body.end_array(array);
  return {.serial = 3,
          .path = "/org/example",
          .interface = "org.example.I",
          .member = "Start",
          .destination = "org.example",
          .signature = "sa(sv)",
          .body = body.bytes()};
}

TEST(DbusTest, WhatIsWrittenIsRead) {
  DbusMessage message = decode_dbus(encode_dbus(example()));
  EXPECT_EQ(message.serial, 3u);
  EXPECT_EQ(message.path, "/org/example");
  EXPECT_EQ(message.interface, "org.example.I");
  EXPECT_EQ(message.member, "Start");
  EXPECT_EQ(message.destination, "org.example");
  EXPECT_EQ(message.signature, "sa(sv)");
  DbusReader reader(message.body);
  EXPECT_EQ(reader.string(), "unit.scope");
  std::size_t end = reader.begin_array(8);
  reader.begin_struct();
  EXPECT_EQ(reader.string(), "PIDs");
  EXPECT_EQ(reader.signature(), "au");
  EXPECT_EQ(reader.begin_array(4), end);
  EXPECT_EQ(reader.uint32(), 7u);
  EXPECT_TRUE(reader.at_end());
}

TEST(DbusTest, WhatIsCutShortIsRefused) {
  std::vector<std::uint8_t> whole = encode_dbus(example());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::vector<std::uint8_t> part(whole.begin(),
                                   whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THROW(decode_dbus(part), Error) << size;
  }
  DbusReader reader(ByteSpan{});
  EXPECT_THROW(reader.string(), Error);
}

}  // namespace
}  // namespace wherry::os
