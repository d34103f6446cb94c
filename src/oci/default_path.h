// PATH in a container, where neither its image nor its user says another.
#pragma once

namespace wherry::oci {

// As Docker has it.
inline constexpr const char* kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace wherry::oci
