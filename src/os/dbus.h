// As much of D-Bus as it takes to call a service and hear its signals (D-Bus Specification 0.41,
// "Message Protocol"): the library for it loads others at run time, which a static program cannot.
//
// Thread safety: none. Everything throws Error.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "os/fd.h"

namespace wherry::os {

// Values one after the other, each aligned as its type asks. The signature is the caller's to know.
class DbusWriter {
 public:
  void byte(std::uint8_t value) { bytes_.push_back(value); }
  void boolean(bool value) { uint32(value); }
  void uint32(std::uint32_t value);
  void uint64(std::uint64_t value);
  void string(std::string_view value);  // also an object path
  void signature(std::string_view value);
  void begin_struct() { align(8); }  // also an entry of a dictionary

  // Everything written between the two is the array's elements, each aligned to `alignment`.
  std::size_t begin_array(std::size_t alignment);
  void end_array(std::size_t begun);

  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  void align(std::size_t alignment);
  std::vector<std::uint8_t> bytes_;
  std::vector<std::size_t> array_starts_;
};

// The inverse. What is cut short or malformed throws Error(DataLoss).
class DbusReader {
 public:
  explicit DbusReader(ByteSpan bytes) : bytes_(bytes) {}
  bool at_end() const { return at_ >= bytes_.size(); }
  std::uint8_t byte();
  std::uint32_t uint32();
  std::string string();  // also an object path
  std::string signature();
  void begin_struct() { align(8); }
  // The end of the array that starts here, as a place to compare position() with.
  std::size_t begin_array(std::size_t alignment);
  std::size_t position() const { return at_; }

 private:
  void align(std::size_t alignment);
  ByteSpan take(std::size_t count);
  ByteSpan bytes_;
  std::size_t at_ = 0;
};

struct DbusMessage {
  enum class Type : std::uint8_t { Call = 1, Return = 2, Error = 3, Signal = 4 };
  Type type = Type::Call;
  std::uint32_t serial = 0;
  std::uint32_t reply_to = 0;
  std::string path;
  std::string interface;
  std::string member;
  std::string error;  // its name
  std::string destination;
  std::string signature;  // of the body
  std::vector<std::uint8_t> body;
};
std::vector<std::uint8_t> encode_dbus(const DbusMessage& message);
// One whole message. Throws Error(DataLoss).
DbusMessage decode_dbus(ByteSpan bytes);

class DbusConnection {
 public:
  // A socket's path. Whether it is a bus, or a service that is spoken to directly and has no names.
  enum class Peer : bool { Bus, Service };
  DbusConnection(const std::string& socket, Peer peer);

  // Sends a call and returns what came back. Throws Error with the service's own text. Signals that
  // come meanwhile are kept.
  DbusMessage call(const DbusMessage& message);
  // The same with the service's "there is no such unit" as an outcome: nothing.
  std::optional<DbusMessage> call_if_unit(const DbusMessage& message);
  // The next signal. Throws Error(Unavailable) where none comes within 30 seconds.
  DbusMessage next_signal();
  Peer peer() const { return peer_; }

 private:
  void authenticate();
  DbusMessage receive();
  DbusMessage exchange(const DbusMessage& message);

  Fd socket_;
  Peer peer_;
  std::uint32_t last_serial_ = 0;
  std::vector<DbusMessage> signals_;
};

}  // namespace wherry::os
