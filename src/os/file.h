// Whole files: read, written, replaced, locked. Names are the caller's own; for names that somebody
// else chose, see path_at.h.
//
// Thread safety: everything here is stateless.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "os/fd.h"

namespace wherry::os {

// Writes everything or throws Error "write: …".
void write_all(int fd, std::span<const std::uint8_t> bytes);

// In bytes. Throws Error "stat: …".
std::size_t file_size(int fd);

// At most buffer.size() bytes, fewer only at the end of the file. Throws Error "read: …".
std::size_t read_full(int fd, std::span<std::uint8_t> buffer);

// Throws Error "read 'name': …", also where the file is larger than limit.
std::string read_file(int directory, const std::string& name, std::size_t limit);
// Nothing where there is no such file.
std::optional<std::string> read_file_if_exists(int directory, const std::string& name,
                                               std::size_t limit);

// Puts contents under name at once: whoever opens name sees all of the old or all of the new, also
// after a crash. Requires: one writer at a time. Throws Error "write 'name': …".
void replace_file(int directory, const std::string& name, std::string_view contents, mode_t mode);

// The same by any number of writers at a time, and not waited for until it is on a disk: for what does not
// outlive the machine's run. On failure nothing of it is left. Throws Error "write 'path': …".
void put_file(const std::string& path, std::string_view contents, mode_t mode);

enum class Lock : std::uint8_t { Shared, Exclusive };

// An advisory lock (flock) on a file that is made where it is missing; held until the descriptor is
// closed or the process ends. Waits for it. Throws Error "lock 'name': …".
Fd lock_file(int directory, const std::string& name, Lock lock);
// Nothing where somebody else holds it.
std::optional<Fd> try_lock_file(int directory, const std::string& name, Lock lock);

// A name that nobody else has: for files on their way to another name.
std::string unique_name();

}  // namespace wherry::os
