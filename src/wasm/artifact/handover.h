// What a running guest's process and its compiler say to each other, over a socket of type SOCK_SEQPACKET: a
// record a message. The guest says which functions it runs, the compiler hands over code for them.
//
// A record is little-endian u32s: its kind, how many rows follow, the rows. Neither end waits for the other,
// and neither trusts what it reads but the guest the code: a descriptor that comes with Part is an artifact.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "os/fd.h"

namespace wherry::wasm::handover {

// A body from this size on takes long to be well made. Both ends treat its function apart: the guest asks for one of its
// loops at a time, the compiler has a thread of its own for it.
inline constexpr std::size_t kLargeBytes = 16 * 1024;

// From the guest: functions (without the imports) and how often each was found running since the last time.
struct Hot {
  struct Row {
    std::uint32_t function = 0;
    std::uint32_t samples = 0;
    bool operator==(const Row&) const = default;
  };
  std::vector<Row> rows;  // kMaxRows at most
  bool operator==(const Hot&) const = default;
};
inline constexpr std::size_t kMaxRows = 256;

// From the guest: it spins in this loop, the ordinal-th `loop` of the function's body.
struct Osr {
  std::uint32_t function = 0;
  std::uint32_t ordinal = 0;
  bool operator==(const Osr&) const = default;
};

// To the guest: code, as an artifact in the descriptor that comes with it.
struct Part {
  bool operator==(const Part&) const = default;
};

// To the guest: nothing more comes.
struct End {
  bool operator==(const End&) const = default;
};

using Message = std::variant<Hot, Osr, Part, End>;
inline constexpr std::size_t kMaxBytes = 8 + 8 * kMaxRows;

// Requires: no more than kMaxRows.
std::vector<std::uint8_t> encode(const Message& message);
// Nothing for what encode() makes of no message.
std::optional<Message> decode(ByteSpan record);

// False where it could not be sent at once: the other end does not read, or is gone.
// descriptor: what goes with a Part, borrowed.
bool try_send(int socket, const Message& message, int descriptor = -1) noexcept;

enum class Got : std::uint8_t { Message, Nothing, Gone };
struct Received {
  Got got = Got::Nothing;  // Gone: the other end is, or what came is no message
  Message message = End{};
  os::Fd descriptor = os::Fd();  // of a Part; open wherever one is received
};
// What is there; does not wait.
Received try_receive(int socket) noexcept;

}  // namespace wherry::wasm::handover
