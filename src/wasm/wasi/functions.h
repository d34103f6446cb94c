// The functions of preview 1, under their own names, over plain integers and a checked memory.
//
// Addresses, lengths and descriptors are the guest's u32; every other parameter is as wide as
// preview 1 has it on the wire (i32 or i64). Results are written to guest memory only on Success.
// None throws but proc_exit and proc_raise (GuestExit). functions.def lists them for the importer.
#pragma once

#include <cstdint>

#include "wasm/wasi/abi.h"
#include "wasm/wasi/state.h"

namespace wherry::wasi {

using u32 = std::uint32_t;
using u64 = std::uint64_t;
using Memory = const GuestMemory&;

// args.cc
Errno args_get(State&, Memory, u32 pointers, u32 buffer);
Errno args_sizes_get(State&, Memory, u32 count_out, u32 bytes_out);
// environ.cc
Errno environ_get(State&, Memory, u32 pointers, u32 buffer);
Errno environ_sizes_get(State&, Memory, u32 count_out, u32 bytes_out);
// clock.cc
Errno clock_res_get(State&, Memory, u32 clock, u32 out);
Errno clock_time_get(State&, Memory, u32 clock, u64 precision, u32 out);
// random.cc
Errno random_get(State&, Memory, u32 buffer, u32 length);
// fd.cc: reading, writing, seeking
Errno fd_advise(State&, Memory, u32 fd, u64 offset, u64 length, u32 advice);
Errno fd_allocate(State&, Memory, u32 fd, u64 offset, u64 length);
Errno fd_close(State&, Memory, u32 fd);
Errno fd_datasync(State&, Memory, u32 fd);
Errno fd_pread(State&, Memory, u32 fd, u32 vectors, u32 count, u64 offset, u32 read_out);
Errno fd_pwrite(State&, Memory, u32 fd, u32 vectors, u32 count, u64 offset, u32 written_out);
Errno fd_read(State&, Memory, u32 fd, u32 vectors, u32 count, u32 read_out);
Errno fd_renumber(State&, Memory, u32 from, u32 to);
Errno fd_seek(State&, Memory, u32 fd, u64 offset, u32 whence, u32 position_out);
Errno fd_sync(State&, Memory, u32 fd);
Errno fd_tell(State&, Memory, u32 fd, u32 position_out);
Errno fd_write(State&, Memory, u32 fd, u32 vectors, u32 count, u32 written_out);
// fd_stat.cc: what a descriptor is
Errno fd_fdstat_get(State&, Memory, u32 fd, u32 out);
Errno fd_fdstat_set_flags(State&, Memory, u32 fd, u32 flags);
Errno fd_fdstat_set_rights(State&, Memory, u32 fd, u64 base, u64 inheriting);
Errno fd_filestat_get(State&, Memory, u32 fd, u32 out);
Errno fd_filestat_set_size(State&, Memory, u32 fd, u64 size);
Errno fd_filestat_set_times(State&, Memory, u32 fd, u64 access, u64 modification, u32 flags);
Errno fd_prestat_dir_name(State&, Memory, u32 fd, u32 buffer, u32 length);
Errno fd_prestat_get(State&, Memory, u32 fd, u32 out);
// fd_readdir.cc
Errno fd_readdir(State&, Memory, u32 fd, u32 buffer, u32 length, u64 cookie, u32 used_out);
// path.cc, path_open.cc, path_stat.cc
Errno path_create_directory(State&, Memory, u32 fd, u32 path, u32 length);
Errno path_filestat_get(State&, Memory, u32 fd, u32 lookup, u32 path, u32 length, u32 out);
Errno path_filestat_set_times(State&, Memory, u32 fd, u32 lookup, u32 path, u32 length, u64 access,
                              u64 modification, u32 flags);
Errno path_link(State&, Memory, u32 old_fd, u32 lookup, u32 old_path, u32 old_length, u32 new_fd,
                u32 new_path, u32 new_length);
Errno path_open(State&, Memory, u32 fd, u32 lookup, u32 path, u32 length, u32 open_flags, u64 base,
                u64 inheriting, u32 flags, u32 fd_out);
Errno path_readlink(State&, Memory, u32 fd, u32 path, u32 length, u32 buffer, u32 buffer_length,
                    u32 used_out);
Errno path_remove_directory(State&, Memory, u32 fd, u32 path, u32 length);
Errno path_rename(State&, Memory, u32 old_fd, u32 old_path, u32 old_length, u32 new_fd,
                  u32 new_path, u32 new_length);
Errno path_symlink(State&, Memory, u32 target, u32 target_length, u32 fd, u32 path, u32 length);
Errno path_unlink_file(State&, Memory, u32 fd, u32 path, u32 length);
// poll.cc
Errno poll_oneoff(State&, Memory, u32 subscriptions, u32 events, u32 count, u32 events_out);
// proc.cc
[[noreturn]] void proc_exit(State&, Memory, u32 code);
Errno proc_raise(State&, Memory, u32 signal);
// sched.cc
Errno sched_yield(State&, Memory);
// sock.cc
Errno sock_accept(State&, Memory, u32 fd, u32 flags, u32 fd_out);
Errno sock_recv(State&, Memory, u32 fd, u32 vectors, u32 count, u32 flags, u32 read_out,
                u32 flags_out);
Errno sock_send(State&, Memory, u32 fd, u32 vectors, u32 count, u32 flags, u32 written_out);
Errno sock_shutdown(State&, Memory, u32 fd, u32 how);

// As `wasi_unstable` had them: other numbers for whence, smaller structures.
namespace unstable {
Errno fd_filestat_get(State&, Memory, u32 fd, u32 out);
Errno fd_seek(State&, Memory, u32 fd, u64 offset, u32 whence, u32 position_out);
Errno path_filestat_get(State&, Memory, u32 fd, u32 lookup, u32 path, u32 length, u32 out);
Errno poll_oneoff(State&, Memory, u32 subscriptions, u32 events, u32 count, u32 events_out);
}  // namespace unstable

}  // namespace wherry::wasi
