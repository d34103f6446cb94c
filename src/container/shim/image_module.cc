#include "container/shim/image_module.h"

#include <fcntl.h>
#include <google/protobuf/message_lite.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "container/shim/metadata.pb.h"
#include "oci/image.h"
#include "os/fd.h"
#include "os/file.h"

namespace wherry::shim {
namespace {

constexpr const char* kGetContainer = "/containerd.services.containers.v1.Containers/Get";
constexpr const char* kGetImage = "/containerd.services.images.v1.Images/Get";
constexpr const char* kReadContent = "/containerd.services.content.v1.Content/Read";

constexpr std::uint64_t kMaxModuleBytes = 1u << 30;
constexpr const char* kReferenceType = "vnd.docker.reference.type";

template <typename Message>
Message parse_answer(std::string_view bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    fail(ErrorKind::DataLoss, "containerd's answer is malformed");
  }
  return message;
}

// Nothing where it is not found.
template <typename Response>
std::optional<Response> ask(const Containerd& containerd, const char* method,
                            const google::protobuf::MessageLite& request) {
  Response response;
  grpc::Answer answer = containerd(method, request, [&](std::string_view message) {
    response = parse_answer<Response>(message);
  });
  if (answer == grpc::Answer::NotFound) return std::nullopt;
  return response;
}

// The file on its way to its name.
class ModuleFile {
 public:
  explicit ModuleFile(const std::string& path)
      : path_(path), next_(path + "." + os::unique_name()) {
    file_ = os::Fd(
        sys([&] { return ::open(next_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400); },
            "write '{}'", path_));
  }
  ~ModuleFile() {
    if (!next_.empty()) ::unlink(next_.c_str());
  }
  ModuleFile(const ModuleFile&) = delete;
  ModuleFile& operator=(const ModuleFile&) = delete;

  void write(ByteSpan bytes) {
    in_context([&] { return fmt::format("write '{}'", path_); },
               [&] { os::write_all(file_.get(), bytes); });
  }
  void commit() {
    sys([&] { return ::rename(next_.c_str(), path_.c_str()); }, "write '{}'", path_);
    next_.clear();
  }

 private:
  std::string path_;
  std::string next_;
  os::Fd file_;
};

// Hands over all of a blob in pieces; what they are is known at the end only. False where the store has
// none of that digest.
bool read_blob(const Containerd& containerd, const oci::Descriptor& blob, std::uint64_t limit,
               const std::function<void(ByteSpan)>& on_piece) {
  const std::string name = to_string(blob.digest);
  if (blob.size > limit) {
    fail(ErrorKind::ResourceExhausted, "blob {}: {} bytes are more than the limit of {}", name,
         blob.size, limit);
  }
  wire::ReadContentRequest request;
  request.set_digest(name);
  Sha256 sha;
  std::uint64_t size = 0;
  grpc::Answer answer = containerd(kReadContent, request, [&](std::string_view message) {
    auto piece = parse_answer<wire::ReadContentResponse>(message);
    bool fits = piece.offset() >= 0 && static_cast<std::uint64_t>(piece.offset()) == size &&
                piece.data().size() <= blob.size - size;
    if (!fits) fail(ErrorKind::DataLoss, "blob {} is corrupt", name);
    sha.update(as_bytes(piece.data()));
    on_piece(as_bytes(piece.data()));
    size += piece.data().size();
  });
  if (answer == grpc::Answer::NotFound) return false;
  if (size != blob.size || sha.finish() != blob.digest) {
    fail(ErrorKind::DataLoss, "blob {} is corrupt", name);
  }
  return true;
}

std::optional<std::string> read_document(const Containerd& containerd,
                                         const oci::Descriptor& blob) {
  std::string text;
  bool found = read_blob(containerd, blob, oci::kMaxManifestBytes,
                         [&](ByteSpan piece) { text += as_text(piece); });
  return found ? std::optional(std::move(text)) : std::nullopt;
}

bool is_named_like_module(std::string_view entrypoint) {
  std::string_view path = entrypoint.substr(0, entrypoint.find('#'));
  return path.empty() || path == "/" || path.ends_with(".wasm") || path.ends_with(".wat");
}

// What BuildKit says of the images beside it: no image.
bool is_attestation(const oci::Descriptor& manifest) {
  return manifest.annotations.contains(kReferenceType) ||
         (manifest.platform && manifest.platform->os == "unknown");
}

// The manifests of an index that may be the one: those for Wasm, and then those that do not say.
std::vector<oci::Descriptor> candidates(const oci::Index& index, std::string_view entrypoint) {
  std::vector<oci::Descriptor> result;
  std::vector<oci::Descriptor> unlabelled;
  for (const oci::Descriptor& each : index.manifests) {
    if (is_attestation(each)) continue;
    if (!each.platform) {
      unlabelled.push_back(each);
    } else if (oci::is_wasm(*each.platform)) {
      result.push_back(each);
    } else if (!is_named_like_module(entrypoint)) {
      return {};
    }
  }
  result.insert(result.end(), unlabelled.begin(), unlabelled.end());
  std::erase_if(result,
                [](const oci::Descriptor& each) { return !oci::is_manifest(each.media_type); });
  return result;
}

std::optional<oci::Descriptor> module_layer(const oci::Manifest& manifest) {
  auto is_module = [](const oci::Descriptor& layer) {
    return oci::is_wasm_layer(layer.media_type);
  };
  auto count = std::ranges::count_if(manifest.layers, is_module);
  if (count > 1) {
    fail(ErrorKind::Unimplemented, "it has {} modules: only one can be started", count);
  }
  if (count == 0) return std::nullopt;
  return *std::ranges::find_if(manifest.layers, is_module);
}

// Of those that are in the store the first that has a module: containerd keeps what it was asked for.
std::optional<oci::Descriptor> find_module(const Containerd& containerd,
                                           const oci::Descriptor& target,
                                           std::string_view entrypoint) {
  std::vector<oci::Descriptor> manifests;
  if (oci::is_index(target.media_type)) {
    auto text = read_document(containerd, target);
    if (text) manifests = candidates(oci::parse_index(*text), entrypoint);
  } else if (oci::is_manifest(target.media_type)) {
    manifests.push_back(target);
  }
  for (const oci::Descriptor& each : manifests) {
    auto text = read_document(containerd, each);
    if (!text) continue;
    if (auto layer = module_layer(oci::parse_manifest(*text))) return layer;
  }
  return std::nullopt;
}

// Nothing where what containerd says of it is not an image we could read: others can.
std::optional<oci::Descriptor> target_of(const wire::Image& image) {
  auto digest = parse_digest(image.target().digest());
  if (!digest || image.target().size() < 0) return std::nullopt;
  return oci::Descriptor{.media_type = image.target().media_type(),
                         .digest = *digest,
                         .size = static_cast<std::uint64_t>(image.target().size()),
                         .platform = {},
                         .artifact_type = {},
                         .annotations = {}};
}

}  // namespace

bool fetch_module(const Containerd& containerd, const ModuleRequest& request) {
  wire::GetContainerRequest about_container;
  about_container.set_id(request.container);
  auto container = ask<wire::GetContainerResponse>(containerd, kGetContainer, about_container);
  if (!container || container->container().image().empty()) return false;
  const std::string& name = container->container().image();
  return in_context(
      [&] { return fmt::format("image '{}'", name); },
      [&] {
        wire::GetImageRequest about_image;
        about_image.set_name(name);
        auto image = ask<wire::GetImageResponse>(containerd, kGetImage, about_image);
        auto target = image ? target_of(image->image()) : std::nullopt;
        auto layer = target ? find_module(containerd, *target, request.entrypoint) : std::nullopt;
        if (!layer) return false;
        ModuleFile file(request.path);
        bool found = read_blob(containerd, *layer, kMaxModuleBytes,
                               [&](ByteSpan piece) { file.write(piece); });
        if (!found) {
          fail(ErrorKind::NotFound, "its module, blob {}, is not in the content store",
               to_string(layer->digest));
        }
        file.commit();
        return true;
      });
}

}  // namespace wherry::shim
