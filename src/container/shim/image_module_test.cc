// The way from a container to its module, under a scripted containerd.
#include "container/shim/image_module.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "container/shim/metadata.pb.h"
#include "oci/image.h"
#include "os/file.h"

namespace wherry::shim {
namespace {

namespace media = oci::media_type;

constexpr std::size_t kPiece = 1000;

class ImageModule : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  oci::Descriptor store(std::string_view media_type, const std::string& bytes) {
    oci::Descriptor blob{.media_type = std::string(media_type),
                         .digest = digest_of(as_bytes(bytes)),
                         .size = bytes.size(),
                         .platform = {},
                         .artifact_type = {},
                         .annotations = {}};
    blobs_[to_string(blob.digest)] = bytes;
    return blob;
  }
  oci::Descriptor manifest(const std::vector<oci::Descriptor>& layers) {
    oci::Manifest manifest{.media_type = std::string(media::kManifest),
                           .artifact_type = {},
                           .config = store(media::kWasmConfig, "{}"),
                           .layers = layers,
                           .annotations = {}};
    return store(media::kManifest, to_json(manifest));
  }
  oci::Descriptor module(std::string_view media_type = media::kWasmLayer) {
    return store(media_type, module_);
  }
  oci::Descriptor index(const std::vector<std::pair<std::string, oci::Descriptor>>& manifests) {
    oci::Index index;
    for (auto [platform, each] : manifests) {
      if (!platform.empty()) each.platform = oci::parse_platform(platform);
      index.manifests.push_back(each);
    }
    return store(media::kIndex, to_json(index));
  }

  grpc::Answer answer(std::string_view method, const google::protobuf::MessageLite& request,
                      const grpc::Client::OnMessage& on_message) {
    ++calls_;
    const std::string bytes = request.SerializeAsString();
    if (method == "/containerd.services.containers.v1.Containers/Get") {
      wire::GetContainerRequest asked;
      EXPECT_TRUE(asked.ParseFromString(bytes));
      if (asked.id() != "web") return grpc::Answer::NotFound;
      wire::GetContainerResponse response;
      response.mutable_container()->set_image(image_);
      on_message(response.SerializeAsString());
      return grpc::Answer::Found;
    }
    if (method == "/containerd.services.images.v1.Images/Get") {
      wire::GetImageRequest asked;
      EXPECT_TRUE(asked.ParseFromString(bytes));
      if (asked.name() != "demo" || !target_) return grpc::Answer::NotFound;
      wire::GetImageResponse response;
      wire::Descriptor* target = response.mutable_image()->mutable_target();
      target->set_media_type(target_->media_type);
      target->set_digest(to_string(target_->digest));
      target->set_size(static_cast<std::int64_t>(target_->size));
      on_message(response.SerializeAsString());
      return grpc::Answer::Found;
    }
    EXPECT_EQ(method, "/containerd.services.content.v1.Content/Read");
    wire::ReadContentRequest asked;
    EXPECT_TRUE(asked.ParseFromString(bytes));
    auto found = blobs_.find(asked.digest());
    if (found == blobs_.end()) return grpc::Answer::NotFound;
    for (std::size_t at = 0; at < found->second.size(); at += kPiece) {
      wire::ReadContentResponse piece;
      piece.set_offset(static_cast<std::int64_t>(at) + wrong_offset_);
      piece.set_data(found->second.substr(at, kPiece));
      on_message(piece.SerializeAsString());
    }
    return grpc::Answer::Found;
  }

  bool fetch(const std::string& entrypoint = "/") {
    auto containerd = [this](auto&&... arguments) { return answer(arguments...); };
    return fetch_module(containerd,
                        {.container = container_, .entrypoint = entrypoint, .path = path_});
  }
  std::string problem() {
    return outcome_of([&] { return fetch(); }).second;
  }
  std::string fetched() const { return os::read_file(AT_FDCWD, path_, 1 << 20); }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::filesystem::path folder_ = testing::TempDir() + os::unique_name();
  std::string path_ = folder_ / "module.wasm";
  std::string module_ = std::string("\0asm\1\0\0\0", 8) + std::string(2500, 'x');
  std::string container_ = "web";
  std::string image_ = "demo";
  std::optional<oci::Descriptor> target_;
  std::map<std::string, std::string> blobs_;
  std::int64_t wrong_offset_ = 0;
  int calls_ = 0;
};

TEST_F(ImageModule, IsALayerOfAnyOfItsTypes) {
  for (const char* type :
       {"application/wasm", "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
        "application/vnd.wasm.content.layer.v1+wasm"}) {
    target_ = manifest({module(type)});
    ASSERT_TRUE(fetch()) << type;
    EXPECT_EQ(fetched(), module_);
    EXPECT_EQ(files(), 1u);
    struct stat status{};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0400u);
  }
  EXPECT_EQ(calls_, 3 * 4);
}

TEST_F(ImageModule, IsFoundThroughAnIndex) {
  oci::Descriptor attestation = manifest({store("application/vnd.in-toto+json", "{}")});
  attestation.annotations["vnd.docker.reference.type"] = "attestation-manifest";
  oci::Descriptor good = manifest({module()});
  for (const char* platform : {"wasi/wasm", "wasi/wasm32", "wasip1/wasm", "wasip2/wasm", ""}) {
    target_ = index({{"unknown/unknown", attestation}, {platform, good}});
    EXPECT_TRUE(fetch()) << platform;
  }
  target_ = index({{"", attestation}});
  EXPECT_FALSE(fetch());
}

// containerd pulls the one that it was asked for.
TEST_F(ImageModule, IsTheOneOfAnIndexThatIsThere) {
  oci::Descriptor absent = manifest({store(media::kWasmLayer, "another")});
  blobs_.erase(to_string(absent.digest));
  target_ = index({{"wasip1/wasm", absent}, {"wasip2/wasm", manifest({module()})}});
  ASSERT_TRUE(fetch());
  EXPECT_EQ(fetched(), module_);
}

TEST_F(ImageModule, IsNotTakenForALinuxProgramThatIsMissing) {
  target_ = index({{"linux/amd64", manifest({store(media::kLayer, "tar")})},
                   {"wasi/wasm", manifest({module()})}});
  EXPECT_FALSE(fetch("/bin/missing"));
  for (const char* named : {"/", "#init", "hello.wasm", "/x.wasm#init"}) {
    EXPECT_TRUE(fetch(named)) << named;
  }
}

TEST_F(ImageModule, IsNotInOtherImages) {
  EXPECT_FALSE(fetch());  // an image that was removed
  target_ = manifest({store(media::kLayer, "tar")});
  EXPECT_FALSE(fetch());
  target_->media_type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
  EXPECT_FALSE(fetch());
  target_ = manifest({module()});
  image_ = "";
  EXPECT_FALSE(fetch());
  image_ = "demo";
  container_ = "other";
  EXPECT_FALSE(fetch());
  EXPECT_EQ(files(), 0u);
}

TEST_F(ImageModule, IsRefusedWhereThereAreSeveral) {
  target_ = manifest({module(), store(media::kWasmLayer, "another")});
  EXPECT_EQ(problem(), "image 'demo': it has 2 modules: only one can be started");
}

TEST_F(ImageModule, IsWhatItsDigestSays) {
  oci::Descriptor layer = module();
  target_ = manifest({layer});
  const std::string corrupt =
      fmt::format("image 'demo': blob {} is corrupt", to_string(layer.digest));
  std::string& stored = blobs_[to_string(layer.digest)];
  stored[100] = 'y';
  EXPECT_EQ(problem(), corrupt);
  stored = module_.substr(0, 2000);
  EXPECT_EQ(problem(), corrupt);
  stored = module_ + "more";
  EXPECT_EQ(problem(), corrupt);
  stored = module_;
  wrong_offset_ = 1;
  EXPECT_EQ(problem(), fmt::format("image 'demo': blob {} is corrupt", to_string(target_->digest)));
  wrong_offset_ = 0;
  blobs_.erase(to_string(layer.digest));
  EXPECT_EQ(problem(), fmt::format("image 'demo': its module, blob {}, is not in the content store",
                                   to_string(layer.digest)));
  EXPECT_EQ(files(), 0u);
}

TEST_F(ImageModule, IsNotLargerThanItMayBe) {
  oci::Descriptor layer = module();
  layer.size = (1u << 30) + 1;
  target_ = manifest({layer});
  EXPECT_EQ(problem(),
            fmt::format("image 'demo': blob {}: 1073741825 bytes are more than the limit "
                        "of 1073741824",
                        to_string(layer.digest)));
  target_->size = (4u << 20) + 1;
  EXPECT_NE(problem().find("4194305 bytes are more than the limit of 4194304"), std::string::npos);
}

TEST_F(ImageModule, IsNotLookedForInWhatIsNoManifest) {
  target_ = store(media::kManifest, "no JSON");
  EXPECT_NE(problem().find("image 'demo': image manifest"), std::string::npos) << problem();
}

}  // namespace
}  // namespace wherry::shim
