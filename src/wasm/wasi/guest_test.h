// A guest without an engine: a memory, a state, a directory of its own preopened as 3.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "wasm/wasi/functions.h"
#include "wasm/wasi/wasi.h"

namespace wherry::wasi {

inline std::ostream& operator<<(std::ostream& out, Errno error) { return out << to_string(error); }

class Guest {
 public:
  static constexpr u32 kScratch = 0x8000;  // results of calls are written from here on

  explicit Guest(os::Scope scope = os::Scope::Beneath, std::string working_directory = "/",
                 Options options = {})
      : top_(make_top()) {
    std::filesystem::create_directory(top_ / "inside");
    options.preopens.push_back({.name = "/",
                                .directory = os::Fd(::open(inside().c_str(), O_RDONLY | O_CLOEXEC)),
                                .scope = scope});
    options.working_directory = std::move(working_directory);
    state_ = std::make_unique<State>(std::move(options));
  }
  ~Guest() { std::filesystem::remove_all(top_); }

  State& state() { return *state_; }
  GuestMemory memory() { return {bytes_.data(), bytes_.size()}; }
  std::filesystem::path inside() const { return top_ / "inside"; }
  std::filesystem::path outside() const { return top_; }

  // A string in guest memory; its address. Reused after a few calls.
  u32 put(std::string_view text) {
    if (next_ + text.size() > kScratch) next_ = 64;
    u32 at = next_;
    std::copy(text.begin(), text.end(), bytes_.begin() + at);
    next_ += static_cast<u32>(text.size());
    return at;
  }
  // One iovec for the bytes at `at`; its address.
  u32 put_vector(u32 at, u32 length) {
    u32 vector = (next_ + 3) & ~3u;
    store_little<u32>(bytes_.data() + vector, at);
    store_little<u32>(bytes_.data() + vector + 4, length);
    next_ = vector + 8;
    return vector;
  }
  template <typename T>
  T at(u32 address) {
    return load_little<T>(bytes_.data() + address);
  }
  std::string text(u32 address, u32 length) {
    return std::string(reinterpret_cast<char*>(bytes_.data()) + address, length);
  }

  struct OpenOptions {
    u32 fd = 3;
    u32 lookup = kLookupSymlinkFollow;
    u32 flags = 0;
    Rights base =
        rights::kFile & ~(rights::kFdWrite | rights::kFdAllocate | rights::kFdFilestatSetSize);
    Rights inheriting = 0;
    u32 fdflags = 0;
  };
  Errno open(std::string_view path, const OpenOptions& how, u32* fd = nullptr) {
    Errno error = path_open(state(), memory(), how.fd, how.lookup, put(path), size(path), how.flags,
                            how.base, how.inheriting, how.fdflags, kScratch);
    if (error == Errno::Success && fd) *fd = at<u32>(kScratch);
    if (error == Errno::Success && !fd) fd_close(state(), memory(), at<u32>(kScratch));
    return error;
  }
  u32 open_directory(std::string_view path, Rights base = rights::kDirectory) {
    u32 fd = 0;
    EXPECT_EQ(
        open(
            path,
            {.flags = oflags::kDirectory, .base = base, .inheriting = rights::kDirectoryInheriting},
            &fd),
        Errno::Success);
    return fd;
  }
  u32 create(std::string_view path, Rights base = rights::kFile) {
    u32 fd = 0;
    EXPECT_EQ(open(path, {.flags = oflags::kCreat, .base = base}, &fd), Errno::Success);
    return fd;
  }
  Errno write(u32 fd, std::string_view data) {
    u32 address = put(data);
    return fd_write(state(), memory(), fd, put_vector(address, size(data)), 1, kScratch);
  }
  Errno read(u32 fd, std::string& data, u32 length = 256) {
    u32 buffer = kScratch + 16;
    Errno error = fd_read(state(), memory(), fd, put_vector(buffer, length), 1, kScratch);
    if (error == Errno::Success) data = text(buffer, at<u32>(kScratch));
    return error;
  }
  static u32 size(std::string_view text) { return static_cast<u32>(text.size()); }

 private:
  static std::filesystem::path make_top() {
    std::string name = (std::filesystem::temp_directory_path() / "wherry-wasi-XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    return name;
  }

  std::filesystem::path top_;
  std::vector<std::uint8_t> bytes_ = std::vector<std::uint8_t>(65536);
  u32 next_ = 64;
  std::unique_ptr<State> state_;
};

inline void write_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path) << text;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace wherry::wasi
