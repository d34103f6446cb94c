#include "oci/reference.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::oci {
namespace {

constexpr const char* kDigest =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Reference, FillsInDockersDefaults) {
  EXPECT_EQ(to_string(parse_reference("hello")), "docker.io/library/hello:latest");
  EXPECT_EQ(to_string(parse_reference("demo/hello_webassembly")),
            "docker.io/demo/hello_webassembly:latest");
  EXPECT_EQ(to_string(parse_reference("index.docker.io/hello:1")), "docker.io/library/hello:1");
  EXPECT_EQ(to_string(parse_reference("localhost/hello")), "localhost/hello:latest");
  EXPECT_EQ(to_string(parse_reference("localhost:5000/a/b:v1.0-x")), "localhost:5000/a/b:v1.0-x");
  EXPECT_EQ(to_string(parse_reference("[::1]:5000/a")), "[::1]:5000/a:latest");
  EXPECT_EQ(to_string(parse_reference(std::string("a@") + kDigest)),
            std::string("docker.io/library/a@") + kDigest);
  EXPECT_EQ(to_string(parse_reference(std::string("ghcr.io/a/b:t@") + kDigest)),
            std::string("ghcr.io/a/b:t@") + kDigest);
}

TEST(Reference, FamiliarFormsParseBack) {
  for (const char* text : {"hello", "demo/hello:1", "ghcr.io/a/b__c/d.e--f:X", "localhost:1/x",
                           "docker.io/library/a/b:1", "docker.io/a.b/c", "docker.io/localhost/c"}) {
    Reference reference = parse_reference(text);
    EXPECT_EQ(parse_reference(to_string(reference)), reference) << text;
    EXPECT_EQ(parse_reference(familiar(reference)), reference) << text;
  }
  EXPECT_EQ(familiar(parse_reference("docker.io/library/hello")), "hello:latest");
  EXPECT_EQ(familiar_name(parse_reference("demo/hello:1")), "demo/hello");
}

TEST(Reference, RefusesWhatDockerRefuses) {
  for (std::string bad : {std::string(),
                          std::string(":tag"),
                          std::string("@"),
                          std::string("Hello"),
                          std::string("a/B"),
                          std::string("a:"),
                          std::string("a:-x"),
                          std::string("a b"),
                          std::string("../a"),
                          std::string("a//b"),
                          std::string("/a"),
                          std::string("a/"),
                          std::string("a..b"),
                          std::string("a_-b"),
                          std::string("-a"),
                          std::string("a-"),
                          std::string("a@sha256:1"),
                          std::string("a:") + std::string(129, 'x'),
                          std::string("-x.io/a"),
                          std::string("x.io:port/a"),
                          std::string(256, 'a'),
                          std::string(kDigest).substr(7)}) {
    EXPECT_THROW(parse_reference(bad), Error) << bad;
  }
}

TEST(Reference, SaysWhatIsWrong) {
  try {
    parse_reference("demo/Hello");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "invalid reference 'demo/Hello': repository name must be lowercase");
  }
}

}  // namespace
}  // namespace wherry::oci
