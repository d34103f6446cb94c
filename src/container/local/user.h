// Who a container runs as: `user[:group]`, by number or by the names in the image's own files.
#pragma once

#include <string>
#include <string_view>

#include "oci/runtime_config.h"

namespace wherry::container {

struct ResolvedUser {
  oci::RuntimeUser user;
  std::string home = "/";
};

// passwd and group are the contents of the image's /etc/passwd and /etc/group, empty where there are
// none. An empty text is root. Throws Error(NotFound) "no user 'x' in the image's /etc/passwd".
ResolvedUser resolve_user(std::string_view text, std::string_view passwd, std::string_view group);

}  // namespace wherry::container
