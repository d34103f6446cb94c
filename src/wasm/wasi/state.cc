#include "wasm/wasi/state.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/error.h"

namespace wherry::wasi {
namespace {

constexpr std::size_t kMaxStringBytes = 64u << 20;

std::string relative_to_root(std::string_view directory) {
  while (directory.starts_with('/')) directory.remove_prefix(1);
  while (directory.ends_with('/')) directory.remove_suffix(1);
  return std::string(directory == "." ? std::string_view() : directory);
}

std::vector<std::string> with_working_directory(const Options& options) {
  std::vector<std::string> environment = options.environment;
  bool has_pwd = std::any_of(environment.begin(), environment.end(),
                             [](const std::string& entry) { return entry.starts_with("PWD="); });
  if (!has_pwd && options.working_directory != "/") {
    environment.push_back("PWD=" + options.working_directory);
  }
  return environment;
}

}  // namespace

StringList make_string_list(const std::vector<std::string>& strings, std::string_view what) {
  StringList list;
  for (const std::string& string : strings) {
    if (string.find('\0') != std::string::npos) {
      fail(ErrorKind::InvalidArgument, "{}: a string with a NUL in it", what);
    }
    if (list.bytes.size() + string.size() >= kMaxStringBytes) {
      fail(ErrorKind::InvalidArgument, "{}: more than {} bytes", what, kMaxStringBytes);
    }
    list.offsets.push_back(static_cast<std::uint32_t>(list.bytes.size()));
    list.bytes.append(string).push_back('\0');
  }
  return list;
}

State::State(Options options)
    : arguments(make_string_list(options.arguments, "arguments")),
      environment(make_string_list(with_working_directory(options), "environment")),
      descriptors(options.max_descriptors),
      working_directory(relative_to_root(options.working_directory)),
      notify(std::move(options.notify)),
      notify_path(std::move(options.notify_path)) {
  os::Fd* streams[] = {&options.standard_input, &options.standard_output, &options.standard_error};
  for (std::uint32_t number = 0; number < std::size(streams); ++number) {
    if (streams[number]->is_open())
      descriptors.put(number, describe_inherited(std::move(*streams[number])));
  }
  std::uint32_t number = std::size(streams);
  for (os::Fd& given : options.given) {
    Descriptor descriptor = describe_inherited(std::move(given));
    descriptor.given = true;
    descriptors.put(number++, std::move(descriptor));
  }
  for (Preopen& preopen : options.preopens) {
    Descriptor descriptor = describe_inherited(std::move(preopen.directory));
    if (descriptor.type != Filetype::Directory) {
      fail(ErrorKind::InvalidArgument, "preopen '{}': not a directory", preopen.name);
    }
    descriptor.inheriting |= rights::kSocket;
    descriptor.scope = preopen.scope;
    descriptor.is_root = true;
    descriptor.flags = 0;
    descriptor.preopen = std::move(preopen.name);
    descriptors.put(number++, std::move(descriptor));
  }
  for (os::Fd& socket : options.sockets)
    descriptors.put(number++, describe_inherited(std::move(socket)));
}

Wasi::Wasi(Options options) : state_(std::make_unique<State>(std::move(options))) {
  std::signal(SIGPIPE, SIG_IGN);
}

Wasi::~Wasi() = default;

void inherit_standard_streams(Options& options) {
  os::Fd* streams[] = {&options.standard_input, &options.standard_output, &options.standard_error};
  for (int number = 0; number < 3; ++number) {
    int copy = ::fcntl(number, F_DUPFD_CLOEXEC, 3);
    if (copy < 0 && errno != EBADF) fail_errno(errno, "duplicate descriptor {}", number);
    streams[number]->reset(copy);
  }
}

Found find(State& state, std::uint32_t number, Rights needed) noexcept {
  Descriptor* descriptor = state.descriptors.find(number);
  if (!descriptor) return {nullptr, Errno::Badf};
  if ((descriptor->base & needed) != needed) return {nullptr, Errno::Notcapable};
  return {descriptor, Errno::Success};
}

Found find_file(State& state, std::uint32_t number, Rights needed) noexcept {
  Found found = find(state, number, 0);
  if (found && found->type == Filetype::Directory) return {nullptr, Errno::Isdir};
  return found ? find(state, number, needed) : found;
}

Found find_directory(State& state, std::uint32_t number, Rights needed) noexcept {
  Found found = find(state, number, 0);
  if (found && found->type != Filetype::Directory) return {nullptr, Errno::Notdir};
  return found ? find(state, number, needed) : found;
}

Found find_socket(State& state, std::uint32_t number, Rights needed) noexcept {
  Found found = find(state, number, 0);
  if (found && found->type != Filetype::SocketStream && found->type != Filetype::SocketDatagram) {
    return {nullptr, Errno::Notsock};
  }
  return found ? find(state, number, needed) : found;
}

Errno Vectors::read(const GuestMemory& memory, std::uint32_t address,
                    std::uint32_t count) noexcept {
  if (count > kMaxVectors) return Errno::Inval;
  auto table = memory.bytes(address, std::uint64_t{count} * 8);
  if (!table) return Errno::Fault;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint8_t* row = table->data() + i * 8;
    auto buffer =
        memory.bytes(load_little<std::uint32_t>(row), load_little<std::uint32_t>(row + 4));
    if (!buffer) return Errno::Fault;
    vectors_[i] = {buffer->data(), buffer->size()};
  }
  size_ = static_cast<int>(count);
  return Errno::Success;
}

Errno read_path(const GuestMemory& memory, std::uint32_t address, std::uint32_t length,
                std::string& path) {
  auto bytes = memory.bytes(address, length);
  if (!bytes) return Errno::Fault;
  if (length == 0) return Errno::Noent;
  if (length >= kMaxPath) return Errno::Nametoolong;
  path = as_text(*bytes);
  if (path.find('\0') != std::string::npos) return Errno::Inval;
  if (path.front() == '/') return Errno::Notcapable;
  return Errno::Success;
}

}  // namespace wherry::wasi
