#include "os/dbus.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace wherry::os {
namespace {

constexpr int kPatienceSeconds = 30;
constexpr std::size_t kHeaderBytes = 16;       // up to the length of the header's fields
constexpr std::size_t kMaxMessage = 1u << 20;  // what systemd says to us is far smaller
constexpr std::uint8_t kLittleEndian = 'l';
constexpr std::uint8_t kVersion = 1;

// Codes of header fields (D-Bus specification, "Header Fields").
enum FieldCode : std::uint8_t {
  kPath = 1,
  kInterface = 2,
  kMember = 3,
  kErrorName = 4,
  kReplySerial = 5,
  kDestination = 6,
  kSender = 7,
  kSignature = 8,
};

std::size_t aligned(std::size_t at, std::size_t alignment) {
  return (at + alignment - 1) / alignment * alignment;
}

[[noreturn]] void malformed(const char* what) {
  fail(ErrorKind::DataLoss, "D-Bus message: {}", what);
}

void put_field(DbusWriter& into, FieldCode code, const char* type, std::string_view value) {
  if (value.empty()) return;
  into.begin_struct();
  into.byte(code);
  into.signature(type);
  if (code == kSignature) {
    into.signature(value);
  } else {
    into.string(value);
  }
}

void send_all(int socket, ByteSpan bytes) {
  while (!bytes.empty()) {
    auto sent = static_cast<std::size_t>(sys(
        [&] { return ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL); }, "send to D-Bus"));
    bytes = bytes.subspan(sent);
  }
}

void receive_all(int socket, std::span<std::uint8_t> into) {
  while (!into.empty()) {
    ssize_t got = ::recv(socket, into.data(), into.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      fail(ErrorKind::Unavailable, "no answer over D-Bus within {} seconds", kPatienceSeconds);
    }
    if (got < 0) fail_errno(errno, "receive from D-Bus");
    if (got == 0) fail(ErrorKind::Unavailable, "D-Bus closed the connection");
    into = into.subspan(static_cast<std::size_t>(got));
  }
}

// One of the header's fields. Those that nobody here knows are skipped if their type is one of the
// specification's own.
void read_field(DbusReader& reader, DbusMessage& message) {
  reader.begin_struct();
  std::uint8_t code = reader.byte();
  std::string type = reader.signature();
  if (type == "u") {
    std::uint32_t value = reader.uint32();
    if (code == kReplySerial) message.reply_to = value;
    return;
  }
  std::string value;
  if (type == "s" || type == "o") {
    value = reader.string();
  } else if (type == "g") {
    value = reader.signature();
  } else {
    malformed("a header field of an unknown type");
  }
  switch (code) {
    case kPath:
      message.path = value;
      break;
    case kInterface:
      message.interface = value;
      break;
    case kMember:
      message.member = value;
      break;
    case kErrorName:
      message.error = value;
      break;
    case kDestination:
      message.destination = value;
      break;
    case kSignature:
      message.signature = value;
      break;
    default:
      break;
  }
}

// The bytes of a message whose first kHeaderBytes are these.
std::size_t length_of(ByteSpan header) {
  if (header[0] != kLittleEndian) malformed("not in this machine's byte order");
  std::size_t body = load_little<std::uint32_t>(&header[4]);
  std::size_t fields = load_little<std::uint32_t>(&header[12]);
  if (body > kMaxMessage || fields > kMaxMessage) malformed("too long");
  return aligned(kHeaderBytes + fields, 8) + body;
}

[[noreturn]] void refuse(const DbusMessage& call, const DbusMessage& answer) {
  std::string text =
      answer.signature.starts_with('s') ? DbusReader(answer.body).string() : answer.error;
  bool denied = answer.error.ends_with(".AccessDenied") ||
                answer.error.ends_with(".InteractiveAuthorizationRequired");
  bool exists = answer.error.ends_with(".UnitExists");
  fail(denied   ? ErrorKind::PermissionDenied
       : exists ? ErrorKind::AlreadyExists
                : ErrorKind::Unavailable,
       "{}: {}", call.member, text);
}

}  // namespace

void DbusWriter::align(std::size_t alignment) { bytes_.resize(aligned(bytes_.size(), alignment)); }

void DbusWriter::uint32(std::uint32_t value) {
  align(4);
  bytes_.resize(bytes_.size() + 4);
  store_little(&bytes_[bytes_.size() - 4], value);
}

void DbusWriter::uint64(std::uint64_t value) {
  align(8);
  bytes_.resize(bytes_.size() + 8);
  store_little(&bytes_[bytes_.size() - 8], value);
}

void DbusWriter::string(std::string_view value) {
  uint32(static_cast<std::uint32_t>(value.size()));
  bytes_.insert(bytes_.end(), value.begin(), value.end());
  bytes_.push_back(0);
}

void DbusWriter::signature(std::string_view value) {
  bytes_.push_back(static_cast<std::uint8_t>(value.size()));
  bytes_.insert(bytes_.end(), value.begin(), value.end());
  bytes_.push_back(0);
}

std::size_t DbusWriter::begin_array(std::size_t alignment) {
  uint32(0);
  std::size_t length_at = bytes_.size() - 4;
  // The padding before the first element is there also where no element is, and does not count.
  align(alignment);
  array_starts_.push_back(bytes_.size());
  return length_at;
}

void DbusWriter::end_array(std::size_t begun) {
  store_little(&bytes_[begun], static_cast<std::uint32_t>(bytes_.size() - array_starts_.back()));
  array_starts_.pop_back();
}

void DbusReader::align(std::size_t alignment) {
  std::size_t next = aligned(at_, alignment);
  if (next > bytes_.size()) malformed("cut short");
  at_ = next;
}

ByteSpan DbusReader::take(std::size_t count) {
  if (count > bytes_.size() - at_) malformed("cut short");
  ByteSpan taken = bytes_.subspan(at_, count);
  at_ += count;
  return taken;
}

std::uint8_t DbusReader::byte() { return take(1)[0]; }

std::uint32_t DbusReader::uint32() {
  align(4);
  return load_little<std::uint32_t>(take(4).data());
}

std::string DbusReader::string() {
  std::size_t length = uint32();
  std::string text(as_text(take(length)));
  if (byte() != 0) malformed("a string without an end");
  return text;
}

std::string DbusReader::signature() {
  std::size_t length = byte();
  std::string text(as_text(take(length)));
  if (byte() != 0) malformed("a signature without an end");
  return text;
}

std::size_t DbusReader::begin_array(std::size_t alignment) {
  std::size_t length = uint32();
  align(alignment);
  if (length > bytes_.size() - at_) malformed("cut short");
  return at_ + length;
}

std::vector<std::uint8_t> encode_dbus(const DbusMessage& message) {
  DbusWriter writer;
  writer.byte(kLittleEndian);
  writer.byte(static_cast<std::uint8_t>(message.type));
  writer.byte(0);  // flags: an answer is wanted
  writer.byte(kVersion);
  writer.uint32(static_cast<std::uint32_t>(message.body.size()));
  writer.uint32(message.serial);
  std::size_t fields = writer.begin_array(8);
  put_field(writer, kPath, "o", message.path);
  put_field(writer, kInterface, "s", message.interface);
  put_field(writer, kMember, "s", message.member);
  put_field(writer, kErrorName, "s", message.error);
  put_field(writer, kDestination, "s", message.destination);
  put_field(writer, kSignature, "g", message.signature);
  if (message.reply_to) {
    writer.begin_struct();
    writer.byte(kReplySerial);
    writer.signature("u");
    writer.uint32(message.reply_to);
  }
  writer.end_array(fields);
  writer.begin_struct();  // the body starts at a multiple of 8
  std::vector<std::uint8_t> bytes = writer.bytes();
  bytes.insert(bytes.end(), message.body.begin(), message.body.end());
  return bytes;
}

DbusMessage decode_dbus(ByteSpan bytes) {
  if (bytes.size() < kHeaderBytes || bytes.size() != length_of(bytes.first(kHeaderBytes))) {
    malformed("cut short");
  }
  DbusMessage message;
  DbusReader reader(bytes);
  reader.byte();
  message.type = static_cast<DbusMessage::Type>(reader.byte());
  reader.byte();
  if (reader.byte() != kVersion) malformed("of another version of the protocol");
  std::size_t body = reader.uint32();
  message.serial = reader.uint32();
  std::size_t end = reader.begin_array(8);
  while (reader.position() < end) read_field(reader, message);
  ByteSpan rest = bytes.subspan(bytes.size() - body);
  message.body.assign(rest.begin(), rest.end());
  return message;
}

DbusConnection::DbusConnection(const std::string& socket, Peer peer) : peer_(peer) {
  in_context([&] { return fmt::format("connect to D-Bus at '{}'", socket); },
             [&] {
               sockaddr_un address{};
               address.sun_family = AF_UNIX;
               if (socket.size() >= sizeof address.sun_path) {
                 fail(ErrorKind::InvalidArgument, "the path is too long");
               }
               std::memcpy(address.sun_path, socket.c_str(), socket.size() + 1);
               socket_ = Fd(
                   sys([] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }, "socket"));
               timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
               ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
               ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
               sys(
                   [&] {
                     return ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address),
                                      sizeof address);
                   },
                   "connect");
               authenticate();
             });
  if (peer == Peer::Bus) {
    call({.path = "/org/freedesktop/DBus",
          .interface = "org.freedesktop.DBus",
          .member = "Hello",
          .destination = "org.freedesktop.DBus"});
  }
}

// EXTERNAL without saying who we are: the other side takes what the socket says, which is right also
// where a user namespace gives our number another meaning.
void DbusConnection::authenticate() {
  using std::string_view_literals::operator""sv;
  send_all(socket_.get(), as_bytes("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"sv));
  std::string answer;
  // Lines, byte by byte: what follows "OK …" is messages already.
  for (int lines = 0; lines < 2;) {
    std::uint8_t byte = 0;
    receive_all(socket_.get(), {&byte, 1});
    answer += static_cast<char>(byte);
    if (answer.size() > 1024) malformed("an answer to AUTH that is too long");
    if (!answer.ends_with("\r\n")) continue;
    bool expected = answer.starts_with(lines == 0 ? "DATA" : "OK ");
    if (!expected) {
      answer.resize(answer.size() - 2);
      fail(ErrorKind::PermissionDenied, "we are not let in: '{}'", answer);
    }
    answer.clear();
    ++lines;
  }
}

DbusMessage DbusConnection::receive() {
  std::vector<std::uint8_t> bytes(kHeaderBytes);
  receive_all(socket_.get(), bytes);
  bytes.resize(length_of(bytes));
  receive_all(socket_.get(), std::span(bytes).subspan(kHeaderBytes));
  return decode_dbus(bytes);
}

// The answer to a call, be it an error.
DbusMessage DbusConnection::exchange(const DbusMessage& message) {
  DbusMessage sent = message;
  sent.type = DbusMessage::Type::Call;
  sent.serial = ++last_serial_;
  send_all(socket_.get(), encode_dbus(sent));
  for (;;) {
    DbusMessage got = receive();
    if (got.type == DbusMessage::Type::Signal) {
      signals_.push_back(std::move(got));
    } else if (got.reply_to == sent.serial) {
      return got;
    }
  }
}

DbusMessage DbusConnection::call(const DbusMessage& message) {
  DbusMessage answer = exchange(message);
  if (answer.type != DbusMessage::Type::Return) refuse(message, answer);
  return answer;
}

std::optional<DbusMessage> DbusConnection::call_if_unit(const DbusMessage& message) {
  DbusMessage answer = exchange(message);
  if (answer.error.ends_with(".NoSuchUnit")) return std::nullopt;
  if (answer.type != DbusMessage::Type::Return) refuse(message, answer);
  return answer;
}

DbusMessage DbusConnection::next_signal() {
  if (!signals_.empty()) {
    DbusMessage first = std::move(signals_.front());
    signals_.erase(signals_.begin());
    return first;
  }
  for (;;) {
    DbusMessage got = receive();
    if (got.type == DbusMessage::Type::Signal) return got;
  }
}

}  // namespace wherry::os
