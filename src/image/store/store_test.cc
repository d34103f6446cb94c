#include "image/store/store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/error.h"
#include "image/store/layer_writer.h"
#include "os/file.h"
#include "os/path_at.h"

namespace wherry::image {
namespace {

class StoreTest : public testing::Test {
 protected:
  StoreTest() : name_("wherry_store_" + os::unique_name()), store_(testing::TempDir() + name_) {}
  ~StoreTest() override {
    os::Fd parent(::open(testing::TempDir().c_str(), O_RDONLY | O_DIRECTORY));
    os::remove_all_at(parent.get(), name_);
  }

  // One layer with one file.
  WrittenLayer write_layer(std::string_view path, std::string_view contents,
                           Compression compression = Compression::Gzip) {
    LayerWriter writer(store_.create_blob(), compression);
    writer.add({.path = std::string(path), .size = contents.size(), .mtime = 1700000000});
    writer.write(as_bytes(contents));
    return writer.finish();
  }

  oci::Descriptor write_image(const std::vector<WrittenLayer>& layers) {
    oci::ImageConfig config{.created = "2024-05-01T12:00:00Z", .platform = oci::wasm_platform()};
    oci::Manifest manifest{.media_type = std::string(oci::media_type::kManifest)};
    for (const WrittenLayer& layer : layers) {
      config.diff_ids.push_back(layer.diff_id);
      manifest.layers.push_back(layer.descriptor);
    }
    StoredBlob stored = store_.put_blob(oci::to_json(config));
    manifest.config = {.media_type = std::string(oci::media_type::kConfig),
                       .digest = stored.digest,
                       .size = stored.size};
    StoredBlob written = store_.put_blob(oci::to_json(manifest));
    return {.media_type = manifest.media_type, .digest = written.digest, .size = written.size};
  }

  std::string name_;
  Store store_;
};

const oci::Reference kHello = oci::parse_reference("demo/hello");

TEST_F(StoreTest, EqualEntriesMakeEqualLayers) {
  WrittenLayer first = write_layer("a", "contents");
  WrittenLayer second = write_layer("a", "contents");
  EXPECT_EQ(first.descriptor, second.descriptor);
  EXPECT_EQ(first.diff_id, second.diff_id);
  WrittenLayer plain = write_layer("a", "contents", Compression::None);
  EXPECT_EQ(plain.diff_id, first.diff_id);
  EXPECT_EQ(plain.descriptor.digest, plain.diff_id);
}

TEST_F(StoreTest, AWriterThatIsGivenUpLeavesNothing) {
  {
    BlobWriter writer = store_.create_blob();
    writer.write(as_bytes("x"));
    BlobWriter expecting = store_.create_blob();
    expecting.write(as_bytes("x"));
    EXPECT_THROW(expecting.commit(digest_of(as_bytes("y"))), Error);
  }
  EXPECT_FALSE(store_.has_blob(digest_of(as_bytes("x"))));
  Collected collected = store_.collect_garbage().value();
  EXPECT_EQ(collected.blobs, 0u);
}

TEST_F(StoreTest, AnImageIsFoundByNameAndBeginningOfItsId) {
  oci::Descriptor manifest = write_image({write_layer("a", "1")});
  store_.add_image(manifest, kHello);
  std::string hex = manifest.digest.hex();
  for (const std::string& text :
       {std::string("demo/hello"), std::string("docker.io/demo/hello:latest"), hex,
        hex.substr(0, 3), "sha256:" + hex, "demo/hello@sha256:" + hex}) {
    auto image = store_.find(text);
    ASSERT_TRUE(image) << text;
    EXPECT_EQ(image->id(), manifest.digest);
  }
  EXPECT_FALSE(store_.find("demo/hello:1"));
  EXPECT_FALSE(store_.find("hello"));
}

TEST_F(StoreTest, ANameMovesToTheNewerImage) {
  oci::Descriptor first = write_image({write_layer("a", "1")});
  oci::Descriptor second = write_image({write_layer("a", "2")});
  store_.add_image(first, kHello);
  store_.add_image(second, kHello);
  EXPECT_EQ(store_.resolve("demo/hello").id(), second.digest);
  EXPECT_TRUE(store_.resolve(first.digest.hex()).names.empty());
  store_.add_image(first, kHello);
  EXPECT_EQ(store_.list().first.size(), 2u);
}

TEST_F(StoreTest, AnImageWithoutItsLayerIsNotAdded) {
  WrittenLayer layer = write_layer("a", "1");
  layer.descriptor.digest = digest_of(as_bytes("elsewhere"));
  EXPECT_THROW(store_.add_image(write_image({layer}), kHello), Error);
  EXPECT_FALSE(store_.knows("demo/hello"));
}

TEST_F(StoreTest, CollectionKeepsWhatImagesNeedAndWaitsForLeases) {
  oci::Descriptor kept = write_image({write_layer("a", "kept")});
  store_.add_image(kept, kHello);
  oci::Descriptor lost = write_image({write_layer("a", "lost")});
  {
    Lease lease = store_.lease();
    EXPECT_FALSE(store_.collect_garbage());
  }
  Collected collected = store_.collect_garbage().value();
  EXPECT_EQ(collected.blobs, 3u);
  EXPECT_FALSE(store_.has_blob(lost.digest));
  store_.check_whole(kept);
}

TEST_F(StoreTest, ARootFileSystemIsUnpackedOnceAndRemembersItsModules) {
  std::string module("\0asm\1\0\0\0", 8);
  oci::Descriptor manifest =
      write_image({write_layer("bin/a.wasm", module), write_layer("text", "asm")});
  Image image = store_.check_whole(manifest);
  RootFs rootfs = store_.rootfs(image);
  EXPECT_EQ(store_.module_digest(rootfs, "/bin/a.wasm"), digest_of(as_bytes(module)));
  EXPECT_FALSE(store_.module_digest(rootfs, "/text"));
  EXPECT_EQ(rootfs.module, "");
  std::ofstream(rootfs.path + "/mark") << "still here";
  EXPECT_EQ(store_.rootfs(image).path, rootfs.path);
  struct stat info{};
  EXPECT_EQ(::stat((rootfs.path + "/mark").c_str(), &info), 0);
}

TEST_F(StoreTest, AnImageOfNoLayersIsAnEmptyFolder) {
  RootFs rootfs = store_.rootfs(store_.check_whole(write_image({})));
  struct stat info{};
  ASSERT_EQ(::stat(rootfs.path.c_str(), &info), 0);
  EXPECT_TRUE(S_ISDIR(info.st_mode));
}

TEST_F(StoreTest, ManifestAndConfigMustAgree) {
  oci::Descriptor manifest = write_image({write_layer("a", "1")});
  Image image = store_.check_whole(manifest);
  image.config.diff_ids[0] = digest_of(as_bytes("other"));
  EXPECT_THROW(store_.rootfs(image), Error);
  image.config.diff_ids.clear();
  EXPECT_THROW(store_.rootfs(image), Error);
}

TEST_F(StoreTest, LongNamesAttributesAndLinksSurvive) {
  LayerWriter writer(store_.create_blob(), Compression::Gzip);
  std::string folder(200, 'd');
  writer.add({.type = EntryType::Directory, .path = folder, .mode = 0750});
  std::string file = folder + "/" + std::string(180, 'f') + "ü";
  writer.add({.path = file, .size = 1, .mode = 0600, .xattrs = {{"user.x", "y"}}});
  writer.write(as_bytes("1"));
  writer.add({.type = EntryType::SymbolicLink, .path = "s", .link_target = file});
  writer.add({.type = EntryType::HardLink, .path = "h", .link_target = file});
  RootFs rootfs = store_.rootfs(store_.check_whole(write_image({writer.finish()})));
  struct stat info{};
  ASSERT_EQ(::stat((rootfs.path + "/s").c_str(), &info), 0);
  EXPECT_EQ(info.st_nlink, 2u);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  ASSERT_EQ(::stat((rootfs.path + "/" + folder).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0750u);
}

}  // namespace
}  // namespace wherry::image
