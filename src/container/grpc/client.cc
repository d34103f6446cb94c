// HTTP/2 is nghttp2's: it is given the bytes that come and asked for those that are to go. Its callbacks
// only note what they see; whatever can fail is done between them.
#include "container/grpc/client.h"

#include <google/protobuf/message_lite.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "container/grpc/message_reader.h"
#include "container/ttrpc/status.h"

namespace wherry::grpc {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// What may be on its way to us: a message of containerd's content is a mebibyte.
constexpr std::int32_t kWindowBytes = 2 << 20;
constexpr std::size_t kMaxWords = 4096;  // of a status
constexpr std::int32_t kUnknownStatus = 2;
constexpr std::int32_t kHttpOk = 200;

// One call, as far as it has come.
struct Call {
  std::int32_t stream = -1;
  std::string request;
  std::size_t sent = 0;
  MessageReader messages;
  std::int32_t http_status = 0;
  std::string content_type;
  std::optional<std::int32_t> status;
  std::string words;
  bool closed = false;
  std::uint32_t http2_error = 0;
};

std::int32_t number_of(std::string_view text, std::int32_t otherwise) {
  std::int32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

// grpc-message: "%" and two digits stand for a byte. One line of it, whatever it holds.
std::string words_of(std::string_view encoded) {
  std::string words;
  for (std::size_t i = 0; i < std::min(encoded.size(), kMaxWords); ++i) {
    char c = encoded[i];
    if (c == '%' && i + 2 < encoded.size()) {
      unsigned byte = 0;
      const char* digits = encoded.data() + i + 1;
      if (std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
        c = static_cast<char>(byte);
        i += 2;
      }
    }
    words += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return words;
}

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

Call* call_of(void* user_data, std::int32_t stream) {
  auto* call = *static_cast<Call**>(user_data);
  return call && call->stream == stream ? call : nullptr;
}

int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name_bytes,
              std::size_t name_size, const std::uint8_t* value_bytes, std::size_t value_size,
              std::uint8_t, void* user_data) noexcept {
  Call* call = call_of(user_data, frame->hd.stream_id);
  if (!call) return 0;
  std::string_view name = text_of(name_bytes, name_size);
  std::string_view value = text_of(value_bytes, value_size);
  if (name == ":status") call->http_status = number_of(value, 0);
  if (name == "content-type") call->content_type = value;
  if (name == "grpc-status") call->status = number_of(value, kUnknownStatus);
  if (name == "grpc-message") call->words = words_of(value);
  return 0;
}

int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
            std::size_t size, void* user_data) noexcept {
  if (Call* call = call_of(user_data, stream)) call->messages.push(text_of(data, size));
  return 0;
}

int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* user_data) noexcept {
  if (Call* call = call_of(user_data, stream)) {
    call->closed = true;
    call->http2_error = error;
  }
  return 0;
}

ssize_t give_request(nghttp2_session*, std::int32_t, std::uint8_t* buffer, std::size_t size,
                     std::uint32_t* flags, nghttp2_data_source* source, void*) noexcept {
  auto* call = static_cast<Call*>(source->ptr);
  std::size_t count = std::min(size, call->request.size() - call->sent);
  std::memcpy(buffer, call->request.data() + call->sent, count);
  call->sent += count;
  if (call->sent == call->request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(count);
}

nghttp2_nv header(std::string_view name, std::string_view value) {
  auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

void check(ssize_t result, const char* what) {
  if (result < 0) {
    fail(ErrorKind::DataLoss, "{}: {}", what, ::nghttp2_strerror(static_cast<int>(result)));
  }
}

void set_timeouts(const os::Fd& socket, milliseconds timeout) {
  timeval time{.tv_sec = timeout.count() / 1000, .tv_usec = timeout.count() % 1000 * 1000};
  for (int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    sys([&] { return ::setsockopt(socket.get(), SOL_SOCKET, option, &time, sizeof time); },
        "set the timeout of a socket");
  }
}

[[noreturn]] void fail_lost(int error, milliseconds patience) {
  if (error == EAGAIN) {
    fail(ErrorKind::Unavailable, "no answer for {} ms", patience.count());
  }
  fail(ErrorKind::Unavailable, "the connection was lost: {}", errno_text(error));
}

// The answer, which has ended.
Answer answer_of(const Call& call) {
  if (call.status && *call.status != 0) {
    ErrorKind kind = ttrpc::kind_of_status(*call.status);
    if (kind == ErrorKind::NotFound) return Answer::NotFound;
    fail(kind, "{}", call.words.empty() ? fmt::format("status {}", *call.status) : call.words);
  }
  if (call.http_status != kHttpOk || !call.content_type.starts_with("application/grpc")) {
    fail(ErrorKind::DataLoss, "the answer is not gRPC's (HTTP status {})", call.http_status);
  }
  if (!call.status || call.messages.has_rest()) {
    fail(ErrorKind::DataLoss, "the answer broke off (HTTP/2 error {})", call.http2_error);
  }
  return Answer::Found;
}

}  // namespace

struct Client::Session {
  Session(os::Fd connected, ClientOptions given);
  ~Session() { ::nghttp2_session_del(http2); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void submit(std::string_view method);
  void send_all();
  void receive();

  os::Fd socket;
  ClientOptions options;
  nghttp2_session* http2 = nullptr;
  Call* call = nullptr;  // the one under way
};

Client::Session::Session(os::Fd connected, ClientOptions given)
    : socket(std::move(connected)), options(std::move(given)) {
  set_timeouts(socket, options.longest_silence);
  nghttp2_session_callbacks* callbacks = nullptr;
  check(::nghttp2_session_callbacks_new(&callbacks), "begin HTTP/2");
  ::nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  ::nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  int made = ::nghttp2_session_client_new(&http2, callbacks, &call);
  ::nghttp2_session_callbacks_del(callbacks);
  check(made, "begin HTTP/2");
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(kWindowBytes)}};
  check(::nghttp2_submit_settings(http2, NGHTTP2_FLAG_NONE, settings, std::size(settings)),
        "begin HTTP/2");
  check(::nghttp2_session_set_local_window_size(http2, NGHTTP2_FLAG_NONE, 0, kWindowBytes),
        "begin HTTP/2");
}

void Client::Session::submit(std::string_view method) {
  std::vector<nghttp2_nv> headers = {header(":method", "POST"),
                                     header(":scheme", "http"),
                                     header(":path", method),
                                     header(":authority", "localhost"),
                                     header("content-type", "application/grpc"),
                                     header("te", "trailers")};
  for (const auto& [name, value] : options.metadata) headers.push_back(header(name, value));
  nghttp2_data_provider provider{.source = {.ptr = call}, .read_callback = give_request};
  call->stream =
      ::nghttp2_submit_request(http2, nullptr, headers.data(), headers.size(), &provider, nullptr);
  check(call->stream, "make a request");
}

void Client::Session::send_all() {
  for (;;) {
    const std::uint8_t* bytes = nullptr;
    ssize_t size = ::nghttp2_session_mem_send(http2, &bytes);
    check(size, "make a frame");
    if (size == 0) return;
    for (ssize_t done = 0; done < size;) {
      ssize_t sent =
          ::send(socket.get(), bytes + done, static_cast<std::size_t>(size - done), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) fail_lost(errno, options.longest_silence);
      done += sent;
    }
  }
}

void Client::Session::receive() {
  std::uint8_t buffer[32768];
  ssize_t got;
  do {
    got = ::recv(socket.get(), buffer, sizeof buffer, 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0) fail_lost(errno, options.longest_silence);
  if (got == 0) fail(ErrorKind::Unavailable, "the connection was closed");
  check(::nghttp2_session_mem_recv(http2, buffer, static_cast<std::size_t>(got)), "read what came");
}

Client::Client(os::Fd socket, ClientOptions options)
    : session_(std::make_unique<Session>(std::move(socket), std::move(options))) {}

Client::~Client() = default;

Answer Client::call(std::string_view method, const google::protobuf::MessageLite& request,
                    const OnMessage& on_message) {
  const ClientOptions& options = session_->options;
  Call call{.request = encode_message(request.SerializeAsString()),
            .messages = MessageReader(options.max_message_bytes)};
  session_->call = &call;
  struct Forget {
    Session& session;
    ~Forget() { session.call = nullptr; }
  } forget{*session_};
  const Clock::time_point end = Clock::now() + options.longest_call;
  session_->submit(method);
  while (!call.closed) {
    session_->send_all();
    if (call.closed) break;
    if (!::nghttp2_session_want_read(session_->http2)) {
      fail(ErrorKind::DataLoss, "what comes is not HTTP/2");
    }
    session_->receive();
    while (auto message = call.messages.next()) on_message(*message);
    if (Clock::now() >= end) {
      fail(ErrorKind::Unavailable, "not answered within {} ms", options.longest_call.count());
    }
  }
  return answer_of(call);
}

}  // namespace wherry::grpc
