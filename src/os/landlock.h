// Landlock: a process gives up rights over files, for good (landlock(7), Linux 5.13).
#pragma once

namespace wherry::os {

// From now on this process and what comes of it may execute no file, make no device node, use no
// device's own requests (ioctl) on a device it opens, reach no abstract socket and signal no process
// that was there before; all else below root it may do as before, outside of root nothing. What the
// kernel's Landlock does not know yet stays as it was; without Landlock everything does.
// Descriptors that are open already keep their rights. Requires: no_new_privs, or CAP_SYS_ADMIN.
// Throws Error.
void give_up_file_rights(int root);

}  // namespace wherry::os
