#include "oci/image.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "oci/timestamp.h"

namespace wherry::oci {
namespace {

const Digest kAbc = digest_of(as_bytes("abc"));

std::string error_of(auto&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(ImageDocuments, ManifestsParseAsTheyPrint) {
  Manifest manifest{.media_type = std::string(media_type::kManifest),
                    .config = {.media_type = std::string(media_type::kConfig),
                               .digest = kAbc,
                               .size = 7,
                               .annotations = {{"a", "b"}}},
                    .layers = {{.media_type = std::string(media_type::kLayerGzip),
                                .digest = kAbc,
                                .size = 1u << 31,
                                .platform = wasm_platform()}},
                    .annotations = {{"k", "v"}}};
  EXPECT_EQ(parse_manifest(to_json(manifest)), manifest);
}

TEST(ImageDocuments, ConfigsParseAsTheyPrint) {
  ImageConfig config{.created = "2024-05-01T12:00:00Z",
                     .author = "somebody",
                     .platform = wasm_platform(),
                     .config = {.user = "1:2",
                                .exposed_ports = {"80/tcp"},
                                .env = {"A=b", "C="},
                                .entrypoint = {{"/hello.wasm"}},
                                .cmd = std::vector<std::string>{},
                                .volumes = {"/data"},
                                .working_dir = "/w",
                                .labels = {{"x", "y"}},
                                .stop_signal = "SIGINT"},
                     .diff_ids = {kAbc},
                     .history = {{.created_by = "COPY x /", .comment = "c"},
                                 {.created_by = "ENV A=b", .empty_layer = true}}};
  EXPECT_EQ(parse_image_config(to_json(config)), config);
  EXPECT_EQ(to_json(config).substr(0, 24), R"({"architecture":"wasm",")");
}

TEST(ImageDocuments, NullIsAbsent) {
  ImageConfig config = parse_image_config(
      R"({"os":"wasi","architecture":"wasm","config":{"Entrypoint":null,"Env":null},"history":null})");
  EXPECT_EQ(config.config, ExecutionConfig{});
}

TEST(ImageDocuments, DockersAdditionsSurvive) {
  ImageConfig config{.platform = wasm_platform()};
  config.config.healthcheck =
      Healthcheck{.test = {"CMD", "/check.wasm"}, .interval = 5'000'000'000};
  config.config.on_build = {"COPY . /app"};
  config.config.shell = {"/bin/sh", "-c"};
  EXPECT_EQ(parse_image_config(to_json(config)), config);
}

TEST(ImageDocuments, TheArtifactsConfigIsReadable) {
  ImageConfig config = parse_image_config(
      R"({"created":"2024-01-01T00:00:00Z","architecture":"wasm","os":"wasip2","layerDigests":[]})");
  EXPECT_TRUE(is_wasm(config.platform));
}

TEST(ImageDocuments, ErrorsSayWhere) {
  EXPECT_EQ(error_of([] { parse_manifest("{"); }), "image manifest: not a JSON document");
  EXPECT_EQ(error_of([] { parse_manifest("[]"); }), "image manifest: not a JSON object");
  EXPECT_EQ(error_of([] { parse_manifest("{}"); }), "image manifest: 'config' is missing");
  EXPECT_EQ(error_of([] { parse_index(R"({"manifests":[{"digest":"sha256:../x","size":1}]})"); }),
            "image index: manifests[0]: digest: 'sha256:../x' is not a sha256 digest");
  EXPECT_EQ(error_of([] {
              parse_index(R"({"manifests":[{"digest":")" + to_string(kAbc) + R"(","size":-1}]})");
            }),
            "image index: manifests[0]: size: negative");
  EXPECT_EQ(error_of([] { parse_image_config(R"({"config":{"Env":"x"}})"); }),
            "image config: config: Env: not an array");
  EXPECT_EQ(error_of([] { parse_index(R"({"schemaVersion":1})"); }),
            "image index: schemaVersion: only version 2 is understood");
}

TEST(ImageDocuments, LimitsHold) {
  EXPECT_EQ(error_of([] { parse_index(std::string(kMaxManifestBytes + 1, ' ')); }),
            "image index: 4194305 bytes are more than the limit of 4194304");
  std::string deep = R"({"a":)" + std::string(100000, '[') + std::string(100000, ']') + "}";
  EXPECT_EQ(error_of([&] { parse_index(deep); }), "image index: nested deeper than 64 levels");
}

TEST(ImageDocuments, ChainIdOfOneLayerIsItsDiffId) {
  EXPECT_EQ(chain_id({kAbc}), kAbc);
  EXPECT_EQ(chain_id({kAbc, kAbc}), digest_of(as_bytes(to_string(kAbc) + " " + to_string(kAbc))));
}

TEST(Timestamp, ParsesWhatItPrints) {
  for (std::int64_t seconds : {0LL, 951782400LL, 1714564800LL, 253402300799LL}) {
    EXPECT_EQ(parse_timestamp(format_timestamp(seconds)), seconds);
  }
  EXPECT_EQ(format_timestamp(0), "1970-01-01T00:00:00Z");
}

TEST(Timestamp, ReadsFractionsAndOffsets) {
  EXPECT_EQ(parse_timestamp("1970-01-01T01:00:00.123456789+01:00"), 0);
  EXPECT_EQ(parse_timestamp("1969-12-31T23:30:00-00:30"), 0);
  for (const char* bad : {"", "1970-01-01", "1970-13-01T00:00:00Z", "1970-01-01T00:00:00",
                          "1970-01-01T00:00:00+1", "yesterday at the usual hour"}) {
    EXPECT_FALSE(parse_timestamp(bad)) << bad;
  }
}

}  // namespace
}  // namespace wherry::oci
