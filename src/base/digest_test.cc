#include "base/digest.h"

#include <gtest/gtest.h>

namespace wherry {
namespace {

constexpr std::string_view kOfAbc =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, OfPiecesIsThatOfTheWhole) {
  Sha256 sha;
  sha.update(as_bytes("a"));
  sha.update(as_bytes("bc"));
  EXPECT_EQ(to_string(sha.finish()), kOfAbc);
  EXPECT_EQ(to_string(digest_of(as_bytes("abc"))), kOfAbc);
}

TEST(Digest, ParsesWhatItPrints) {
  auto digest = parse_digest(kOfAbc);
  ASSERT_TRUE(digest);
  EXPECT_EQ(to_string(*digest), kOfAbc);
}

TEST(Digest, RefusesWhatIsNotADigest) {
  for (std::string_view bad :
       {"", "sha256:", "sha512:00", "ba7816bf",
        "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        "sha256:../../../../../../../../../../../../../../../../../../../etc/pas"}) {
    EXPECT_FALSE(parse_digest(bad)) << bad;
  }
}

}  // namespace
}  // namespace wherry
