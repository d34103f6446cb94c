// What a D-Bus service answers: whatever the bytes, one Error or a message that survives being sent
// again, and a body that can be read as its signature says.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "os/dbus.h"

namespace {

using namespace wherry::os;

// Reads values until the signature or the body ends: strings, numbers, arrays of either.
void read_body(const DbusMessage& message) {
  DbusReader reader(message.body);
  auto read_one = [&](char type) {
    switch (type) {
      case 'y':
        reader.byte();
        return true;
      case 'b':
      case 'u':
        reader.uint32();
        return true;
      case 's':
      case 'o':
        (void)reader.string();
        return true;
      case 'g':
        (void)reader.signature();
        return true;
      case '(':
        reader.begin_struct();
        return true;
      default:
        return false;
    }
  };
  for (std::size_t i = 0; i < message.signature.size() && !reader.at_end(); ++i) {
    if (message.signature[i] != 'a') {
      read_one(message.signature[i]);
    } else if (++i < message.signature.size()) {
      std::size_t end = reader.begin_array(message.signature[i] == '(' ? 8 : 4);
      while (reader.position() < end && read_one(message.signature[i])) {
        if (reader.position() > message.body.size()) std::abort();
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  DbusMessage message;
  try {
    message = decode_dbus({data, size});
  } catch (const wherry::Error&) {
    return 0;
  }
  try {
    DbusMessage again = decode_dbus(encode_dbus(message));
    if (again.type != message.type || again.serial != message.serial ||
        again.reply_to != message.reply_to || again.path != message.path ||
        again.interface != message.interface || again.member != message.member ||
        again.error != message.error || again.destination != message.destination ||
        again.signature != message.signature || again.body != message.body) {
      std::abort();
    }
  } catch (const wherry::Error&) {
    std::abort();
  }
  try {
    read_body(message);
  } catch (const wherry::Error&) {
  }
  return 0;
}
