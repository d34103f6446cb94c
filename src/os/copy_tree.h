// Copies what is in a directory into another one.
#pragma once

namespace wherry::os {

// Files, directories, links, nodes and pipes with their mode, owner and times of change, and all below: nothing
// of it may change meanwhile. A link is copied, never followed. Sockets, and nodes that may not be made, are left out.
// Both are open directories. Throws Error "copy 'name': …". Thread safety: stateless.
void copy_contents(int from, int to);

}  // namespace wherry::os
