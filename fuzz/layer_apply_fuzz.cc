// Layers: the input is split in two, applied one over the other to a folder. Whatever they are, the
// folder beside it, which every name of a seed tries to reach, stays as it was.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "base/error.h"
#include "image/store/layer_apply.h"
#include "os/path_at.h"

namespace {

using namespace wherry;

// Removed, with all in it, when the fuzzer ends.
struct Scratch {
  Scratch() {
    WHERRY_CHECK(::mkdtemp(path.data()));
    folder = os::Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    WHERRY_CHECK(::mkdirat(folder.get(), "victim", 0700) == 0);
    os::Fd file(::openat(folder.get(), "victim/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    WHERRY_CHECK(::write(file.get(), "safe", 4) == 4);
  }
  ~Scratch() {
    os::Fd parent(::open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    os::remove_all_at(parent.get(), path.substr(path.rfind('/') + 1));
  }
  std::string path = "/tmp/wherry-fuzz-XXXXXX";
  os::Fd folder;
};

void check_untouched(const Scratch& scratch) {
  struct stat info{};
  WHERRY_CHECK(::fstatat(scratch.folder.get(), "victim/file", &info, AT_SYMLINK_NOFOLLOW) == 0);
  WHERRY_CHECK(S_ISREG(info.st_mode) && info.st_size == 4 && info.st_nlink == 1 &&
               (info.st_mode & 07777) == 0600);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(scratch.path.c_str()), ::closedir);
  int names = 0;
  while (::readdir(stream.get())) ++names;
  WHERRY_CHECK(names == 4);  // . .. victim root
}

image::ByteSource source_of(ByteSpan bytes) {
  return [bytes](std::span<std::uint8_t> buffer) mutable {
    std::size_t count = std::min(buffer.size(), bytes.size());
    if (count > 0) std::memcpy(buffer.data(), bytes.data(), count);
    bytes = bytes.subspan(count);
    return count;
  };
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scratch scratch;
  ByteSpan bytes(data, size);
  os::remove_all_at(scratch.folder.get(), "root");
  WHERRY_CHECK(::mkdirat(scratch.folder.get(), "root", 0755) == 0);
  os::Fd root(::openat(scratch.folder.get(), "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

  image::UnpackLimits limits{
      .bytes = 4u << 20, .entries = 200, .expansion = 100, .expansion_from = 1u << 20};
  image::LayerApplier applier(root.get(), image::Ownership::Ignore, limits);
  // Half of a tar archive's blocks each; compressed layers come as one.
  std::size_t first = size > 4096 ? size / 1024 * 512 : size;
  (void)outcome_of([&] {
    applier.apply(source_of(bytes.first(first)));
    if (first < size) applier.apply(source_of(bytes.subspan(first)));
    applier.finish();
    return true;
  });
  check_untouched(scratch);
  return 0;
}
