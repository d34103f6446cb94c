// systemd's side of a control group: a transient scope (or slice), made and ended over D-Bus.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "oci/runtime_resources.h"

namespace wherry::container {

// linux.cgroupsPath as "slice:prefix:name".
struct SystemdName {
  std::string slice;  // "machine.slice"
  std::string unit;   // "libpod-x.scope", or a slice of its own
  bool operator==(const SystemdName&) const = default;
};
// An empty path or slice means `default_slice`; an empty path, the name "wherry-<id>.scope".
// Throws Error(InvalidArgument).
SystemdName parse_systemd_name(std::string_view path, std::string_view id,
                               std::string_view default_slice);

// "a-b.slice" is below "a.slice": "/a.slice/a-b.slice"; "-.slice" is "". Throws
// Error(InvalidArgument).
std::string slice_path(std::string_view slice);

enum class SystemdInstance : bool { System, User };
enum class CgroupVersion : bool { V1, V2 };

// A connection to systemd; everything throws Error "systemd: …".
class Systemd {
 public:
  explicit Systemd(SystemdInstance instance);
  ~Systemd();

  // The group that systemd's own units are below: "/" or "/user.slice/…/user@1000.service".
  std::string control_group();
  // Makes the unit with a first process; returns when it is there.
  void start(const SystemdName& name, const std::string& description, pid_t first,
             const oci::RuntimeResources& resources, CgroupVersion version);
  // The limits that systemd knows of: it would write its own over those it does not.
  void set_limits(const std::string& unit, const oci::RuntimeResources& resources,
                  CgroupVersion version);
  // Returns when the unit is gone. One that is not there is success.
  void stop(const std::string& unit);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace wherry::container
