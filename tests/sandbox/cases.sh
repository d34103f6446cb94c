# shellcheck shell=bash disable=SC2034,SC2154,SC2016
# The matrix of configurations, for $who through `as COMMAND…`. Sourced by run.sh.

one_id='{containerID: 5000, hostID: 1000, size: 1}'
seen plain .
seen arguments '.process.args += ["", "a b", "\"quoted\"\\", "ü"] | .process.env = ["EMPTY=", "X=a=b", "LONG=" + "y" * 5000]'
seen cwd '.process.cwd = "/data"'
seen new-cwd '.process.cwd = "/made/for/it" | .process.args += ["/made/for/it"]'
seen umask '.process.user.umask = 63'
seen read-only '.root.readonly = true'
seen domainname '.domainname = "example.net" | .hostname = "a-name"'
seen limits '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0},
  {type: "RLIMIT_FSIZE", soft: 1000000, hard: 2000000}]'
seen oom-score '.process.oomScoreAdj = 700'
caps='["CAP_KILL", "CAP_CHOWN", "CAP_NET_BIND_SERVICE"]'
seen capabilities ".process.capabilities = {bounding: $caps, permitted: $caps, effective: $caps}"
seen ambient ".process.capabilities = {bounding: $caps, permitted: $caps, effective: $caps, inheritable: $caps, ambient: [\"CAP_KILL\"]}"
seen unknown-capability '.process.capabilities = {bounding: ["CAP_OF_TOMORROW", "CAP_KILL"]}'
seen no-privileges '.process.noNewPrivileges = false'
seen masked '.linux.maskedPaths = ["/proc/kcore", "/proc/acpi", "/data", "/proc/uptime", "/not/there"]'
seen read-only-paths '.linux.readonlyPaths = ["/proc/sys", "/data", "/not/there"]'
seen tmpfs 'mount("/tmp"; "tmpfs"; ["nosuid", "noexec", "nodev", "mode=1777,size=64k"]) | mount("/dev/shm"; "tmpfs"; ["ro", "noatime"])'
seen devpts 'mount("/dev/pts"; "devpts"; ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"])'
seen every-option 'mount("/tmp"; "tmpfs"; ["defaults", "async", "loud", "norelatime", "nostrictatime", "symfollow", "iversion", "nomand", "nodiratime", "rnosymfollow"])'
seen last-option-wins 'mount("/tmp"; "tmpfs"; ["ro", "rw", "noexec", "exec", "nosuid", "rsuid", "nodev"])'
seen bind 'bind("/bound"; ["rbind", "rprivate", "rw"])'
seen bind-read-only 'bind("/bound"; ["bind", "ro", "nosuid", "noexec"])'
for option in rro rnosuid rnodev rnoexec rnosymfollow; do
  seen "bind-$option" 'bind("/bound"; ["rbind", "'$option'"])'
done
# A /dev that nobody mounts is filled like one that is, whatever the image has there; one that is bound is not.
seen no-dev '.mounts |= map(select(.destination != "/dev"))'
seen read-only-dev '(.mounts[] | select(.destination == "/dev")).options += ["ro"]'
seen bound-dev '.mounts |= map(select(.destination != "/dev")) | bind("/dev"; ["rbind"])'
# shellcheck disable=SC2317  # called through seen
traps_in_dev() { as mkdir -p "$bundle/rootfs/dev/null" && as touch "$bundle/rootfs/dev/zero" && as ln -s /data/file "$bundle/rootfs/dev/full"; }
prepare=traps_in_dev seen dev-of-image '.mounts |= map(select(.destination != "/dev"))'
if [ "$id" = 0 ]; then
  ok "$who: a link in /dev leads to nothing that is changed" [ "$(cat "$bundle/rootfs/data/file")" = image ]
fi
shown='["nosuid", "noexec", "nodev", "ro"]'
seen cgroup-mount "mount(\"/sys/fs/cgroup\"; \"cgroup\"; $shown)"
seen cgroup-mount-writable 'mount("/sys/fs/cgroup"; "cgroup"; ["nosuid"])'
seen cgroup-mount-of-host ".linux.namespaces |= map(select(.type != \"cgroup\")) | mount(\"/sys/fs/cgroup\"; \"cgroup\"; $shown)"
seen cgroup2-mount "mount(\"/sys/fs/cgroup\"; \"cgroup2\"; $shown)"
seen cgroup2-mount-of-host ".linux.namespaces |= map(select(.type != \"cgroup\")) | mount(\"/sys/fs/cgroup\"; \"cgroup2\"; $shown)"
seen remount '.mounts += [{destination: "/proc", type: "proc", source: "proc", options: ["remount", "nosuid", "nodev"]}] | .mounts[0].options = ["nosuid", "nodev"]'
seen no-namespaces '.linux.namespaces |= map(select(.type | IN("mount", "uts", "user", "network", "pid")))'
for link in shared slave private unbindable rshared rslave rprivate runbindable; do
  seen "root-$link" ".linux.rootfsPropagation = \"$link\""
done
seen extended '.unknown = {a: [1]} | .process.unknown = 1 | .linux.unknown = "x" | .annotations = {"org.example.unknown": ""}'
seen sysctl '.linux.sysctl = {"kernel.shmmni": "4000", "net.ipv4.ip_forward": "1"}'
allow='{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdirat", "no_such_call"], action: "SCMP_ACT_ERRNO", errnoRet: 1}]}'
seen seccomp ".linux.seccomp = $allow"
seen many-mounts 'mount("/tmp"; "tmpfs"; ["sync", "dirsync", "lazytime"]) | mount("/data"; "tmpfs"; ["async", "nolazytime"])'
seen means-nothing '.linux.personality = {domain: "LINUX32"} | .process.apparmorProfile = "x" | .process.selinuxLabel = "x" | .linux.mountLabel = "x"
  | .windows = {layerFolders: []} | .process.commandLine = "x" | .process.user.username = "x" | .linux.intelRdt = {} | .linux.netDevices = {}'
seen devices '.linux.devices = [{type: "p", path: "/dev/pipe"}]'

if [ "$id" = 0 ]; then
  # The same on a machine with cgroup v2 alone.
  unshare --mount bash -c 'umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec sleep 300' &
  alone=$!
  until [ "$(cat /proc/$alone/comm)" = sleep ]; do sleep 0.05; done
  # One namespace for all: the number of a guest's, which is gone, may be that of the next.
  prefix=(nsenter --mount --target "$alone")
  seen v2-cgroup-mount "mount(\"/sys/fs/cgroup\"; \"cgroup\"; $shown)"
  seen v2-cgroup-mount-of-host ".linux.namespaces |= map(select(.type != \"cgroup\")) | mount(\"/sys/fs/cgroup\"; \"cgroup2\"; $shown)"
  prefix=(env)
  kill -9 $alone
  wait $alone 2>/dev/null
  # A user namespace may not change how the host notes times of access.
  seen bind-rnoatime 'bind("/bound"; ["rbind", "rnoatime"])'
  seen a-user '.process.user = {uid: 1000, gid: 1001, umask: 7, additionalGids: [5, 1002]}'
  seen a-user-with-capabilities ".process.user = {uid: 1000, gid: 1000} | .process.capabilities = {bounding: $caps, permitted: $caps, effective: $caps}"
  seen a-user-with-ambient ".process.user = {uid: 1000, gid: 1000} | .process.capabilities = {bounding: $caps, permitted: $caps, effective: $caps, inheritable: $caps, ambient: [\"CAP_KILL\"]}"
  seen a-node '.linux.devices = [{type: "c", path: "/dev/fuse", major: 10, minor: 229, fileMode: 438, uid: 0, gid: 0}]'
  seen time 'mount("/tmp"; "tmpfs"; []) | .linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 86400, nanosecs: 5}}'
  map='[{containerID: 0, hostID: 100000, size: 65536}]'
  users="userns | .linux.uidMappings = $map | .linux.gidMappings = $map"
  in_new_users=$users
  in_users() { # NAME FILTER
    bundle "$1" "$users | $2"
    chown -R 100000:100000 "$bundle/rootfs"
    run_bundle "$1"
    cp "$scratch/.out" "$scratch/.report"
    ok "$who: $1 runs" [ "$status" -eq 0 ] || return
    ok "$who: $1 is as config.json says" compares || printf '  %s\n' "$compared"
  }
  # Of files that are 5000's alone, which the guest may read and write where it is 5000 that it seems to be.
  mkdir -p "$scratch/of-5000" && echo secret >"$scratch/of-5000/file" && chown -R 5000:5000 "$scratch/of-5000" && chmod 700 "$scratch/of-5000"
  of_5000() { echo ".mounts += [{destination: \"/bound\", type: \"bind\", source: \"$scratch/of-5000\", options: [$1], $2}] | .process.user = {uid: $3, gid: $3}"; }
  ids() { echo "uidMappings: [$1], gidMappings: [$1]"; }
  is_read() { [ "$(jq '.paths["/bound"].read, .paths["/bound"].write' "$scratch/.report" | xargs)" = "$1" ]; }
  seen not-id-mapped "$(of_5000 '"rbind"' 'a: 1' 1000)"
  ok "$who: files of another user are not the guest's" is_read "-2 false"
  seen id-mapped "$(of_5000 '"rbind", "idmap"' "$(ids "$one_id")" 1000)"
  ok "$who: files of another user are the guest's by uidMappings" is_read "1 true"
  seen id-mapped-recursively "$(of_5000 '"rbind", "ridmap", "ro"' "$(ids "$one_id")" 1000)"
  ok "$who: id-mapped files are read-only where the file says so" is_read "1 false"
  seen id-mapped-unasked "$(of_5000 '"bind"' "$(ids "$one_id")" 1000)"
  # The same as Podman and crun write it, in the option.
  seen id-mapped-by-option "$(of_5000 '"rbind", "idmap=uids=5000-1000-1;gids=5000-1000-1"' 'a: 1' 1000)"
  ok "$who: files of another user are the guest's by an option" is_read "1 true"
  seen id-mapped-by-ranges "$(of_5000 '"rbind", "ridmap=gids=0-0-1#5000-7-3;uids=0-0-1#4999-999-3", "ro"' 'a: 1' 1000)"
  ok "$who: which may have more than one range" is_read "1 false"
  refused id-mapped-users-alone "$(of_5000 '"rbind", "idmap=uids=5000-1000-1"' 'a: 1' 1000)" "'gids=…' is missing"
  in_users id-mapped-relative "$(of_5000 '"rbind", "idmap=uids=@5000-7-1;gids=@5000-7-1"' 'a: 1' 7)"
  ok "$who: ids of an option may be those of the user namespace" is_read "1 true"
  in_users id-mapped-users-of-option "$(of_5000 '"rbind", "idmap=uids=@5000-7-1"' 'a: 1' 7)"
  ok "$who: what an option does not name is the user namespace's" is_read "1 true"
  in_users id-mapped-absolute "$(of_5000 '"rbind", "idmap=uids=5000-100007-1;gids=5000-100007-1"' 'a: 1' 7)"
  ok "$who: and may be the host's" is_read "1 true"
  in_users id-mapped-in-namespace "$(of_5000 '"rbind", "idmap"' 'a: 1' 5000)"
  ok "$who: ids are mapped as in the user namespace" is_read "1 true"
  in_users id-mapped-otherwise "$(of_5000 '"rbind", "idmap"' "$(ids '{containerID: 5000, hostID: 100007, size: 1}')" 7)"
  ok "$who: ids are mapped otherwise than in the user namespace" is_read "1 true"
  refused id-map-without-file-system "$users | .mounts += [{destination: \"/bound\", type: \"bind\", source: \"/proc\", options: [\"bind\", \"idmap\"]}]" "cannot map the ids"
  in_users user-namespace 'mount("/dev/pts"; "devpts"; ["newinstance", "ptmxmode=0666", "mode=0620", "gid=5"])'
  in_users user-of-namespace '.process.user = {uid: 1000, gid: 1000}'
  in_users tmpfs-in-namespace 'mount("/tmp"; "tmpfs"; ["mode=1777"])'

  # shellcheck disable=SC2317  # called through wait_until
  is_other() { ! is "$(readlink "/proc/$1/ns/$2")" "$(readlink "/proc/self/ns/$2")"; } # PID KIND: not ours
  # Each kind that can be joined, of a process that has new ones of all.
  unshare --ipc --uts --net --cgroup --time --pid --fork sleep 300 2>/dev/null &
  holder=$!
  wait_until eval 'inner=$(pgrep -P $holder) && is_other "$inner" net'
  for kind in ipc uts network:net cgroup time pid; do
    name=${kind#*:} kind=${kind%:*}
    seen "joined-$kind" ".linux.namespaces |= (map(select(.type != \"$kind\")) + [{type: \"$kind\", path: \"/proc/$inner/ns/$name\"}])"
  done
  # The namespace is named now, so that somebody without rights over it may ask for the same name.
  # The host's, from a user namespace that has no rights over them: a new one, and one that is joined.
  for kind in ipc uts network:net; do
    name=${kind#*:} kind=${kind%:*}
    joined=".linux.namespaces |= (map(select(.type != \"$kind\")) + [{type: \"$kind\", path: \"/proc/$inner/ns/$name\"}])"
    in_users "joined-$kind-in-namespace" "$joined"
  done
  unshare --user sleep 300 &
  user_holder=$!
  wait_until is_other $user_holder user
  echo "0 100000 65536" >/proc/$user_holder/uid_map && echo "0 100000 65536" >/proc/$user_holder/gid_map
  users=".linux.namespaces += [{type: \"user\", path: \"/proc/$user_holder/ns/user\"}]"
  in_users joined-user .
  in_users joined-user-and-network ".linux.namespaces |= (map(select(.type != \"network\")) + [{type: \"network\", path: \"/proc/$inner/ns/net\"}])"
  bundle exec-in-joined "$users | .linux.namespaces |= (map(select(.type != \"network\")) + [{type: \"network\", path: \"/proc/$inner/ns/net\"}])"
  chown -R 100000:100000 "$bundle/rootfs"
  as "$runtime" --root "$dir/state" create --bundle "$bundle" exec-in-joined >/dev/null 2>&1
  run as "$runtime" --root "$dir/state" exec exec-in-joined /inspect.wasm /
  ok "$who: exec stands in a joined user namespace and the host's network" \
    [ "$(jq -r '.namespaces | .user, .net' <<<"$out" | xargs)" = "$(readlink /proc/$user_holder/ns/user /proc/"$inner"/ns/net | xargs)" ]
  as "$runtime" --root "$dir/state" delete --force exec-in-joined
  kill -9 "$inner" $user_holder
  wait $holder $user_holder 2>/dev/null

  # A mount namespace that is joined becomes the container's, root and all.
  unshare --mount sleep 300 &
  holder=$!
  wait_until is_other $holder mnt
  seen joined-mount ".linux.namespaces |= (map(select(.type != \"mount\")) + [{type: \"mount\", path: \"/proc/$holder/ns/mnt\"}])"
  ok "$who: a joined mount namespace is the container's" [ -f "/proc/$holder/root/inspect.wasm" ]
  kill -9 $holder
  wait $holder 2>/dev/null
  refused joined-mount-of-host '.linux.namespaces |= (map(select(.type != "mount")) + [{type: "mount", path: "/proc/self/ns/mnt"}])' "it is the host's"
  refused joined-mount-in-new-user "$in_new_users | .linux.namespaces |= (map(select(.type != \"mount\")) + [{type: \"mount\", path: \"/proc/1/ns/mnt\"}])" "no rights over a mount namespace"

  # A mount that somebody makes on the host later comes in where the file says so, and only there.
  mkdir -p "$scratch/tree" && mount -t tmpfs tmpfs "$scratch/tree" && mount --make-shared "$scratch/tree"
  for link in rslave rshared rprivate; do
    seen "bind-$link" ".mounts += [{destination: \"/bound\", type: \"bind\", source: \"$scratch/tree\", options: [\"rbind\", \"$link\"]}]"
  done
  umount "$scratch/tree"
fi

# A user to whom ranges of ids are given, which newuidmap and newgidmap map; and such a user's own namespace, in
# which somebody else has mapped them already.
if [ "$id" = 0 ] && ! { command -v newuidmap && [ -e /etc/subuid ] && [ -e /etc/subgid ]; } >/dev/null; then
  skip "a user's ranges of ids" "newuidmap is not installed"
elif [ "$id" = 0 ]; then
  mkdir -p "$scratch/etc" && echo someone:x:12345:12345::/:/bin/sh | cat /etc/passwd - >"$scratch/etc/passwd"
  echo someone:100000:65535 | tee "$scratch/etc/subuid" >"$scratch/etc/subgid"
  chmod a+r "$scratch"/etc/*
  someone=(unshare --mount bash -c 'for file in passwd subuid subgid; do mount --bind "$0/$file" /etc/$file || exit; done
    exec setpriv --reuid 12345 --regid 12345 --clear-groups "$@"' "$scratch/etc")
  prefix=("${someone[@]}") dir=$scratch/ranges
  mkdir "$dir" && chown 12345:12345 "$dir"
  ranges='.linux.uidMappings = [{containerID: 0, hostID: 12345, size: 1}, {containerID: 1, hostID: 100000, size: 65535}]
    | .linux.gidMappings = .linux.uidMappings | .process.user = {uid: 1000, gid: 1001, additionalGids: [5]}'
  seen ranges-of-ids "userns | $ranges"
  refused foreign-ranges-of-ids "userns | $ranges | .linux.uidMappings[1].hostID = 200000" "newuidmap: uid range"
  prefix=("${someone[@]}" unshare --user --map-root-user --map-auto)
  has_ids() { # NAME FILTER: not held to the namespaces, which are made anew for whoever compares
    bundle "$1" ".process.user = {uid: 1000, gid: 1001, additionalGids: [5]} | $2"
    run_bundle "$1"
    ok "$who: $1 has its users and groups" \
      [ "$(jq -r .status <<<"$out" | grep -E '^(Uid|Gid|Groups):' | xargs)" = "Uid: 1000 1000 1000 1000 Gid: 1001 1001 1001 1001 Groups: 5" ]
  }
  has_ids inside-ranges-of-ids '.linux.namespaces |= map(select(.type != "user"))'
  has_ids ranges-within-ranges 'userns | .linux.gidMappings = [{containerID: 0, hostID: 0, size: 1}, {containerID: 1, hostID: 1, size: 1999}]
    | .linux.uidMappings = .linux.gidMappings'
  prefix=(env) dir=$scratch/$who
fi

# Bundles that are out to do harm ---------------------------------------------------------------------
refused linked-root . "is a symbolic link" bash -c "rm -r '$dir/linked-root/rootfs' && ln -s / '$dir/linked-root/rootfs'"
refused file-root . "is no directory" bash -c "rm -r '$dir/file-root/rootfs' && touch '$dir/file-root/rootfs'"
refused no-root '.root.path = "not-there"' "open the root file system"
refused through-proc 'mount("/proc/self/root/tmp/x"; "tmpfs"; [])' "/proc/self/root"
refused huge-environment '.process.env = [range(0; 105) | "V\(.)=" + "x" * 100000]' "is bigger than"
refused unknown-option 'mount("/tmp"; "tmpfs"; ["no-such-option"])' "no-such-option"
refused unknown-file-system 'mount("/tmp"; "no-such-fs"; [])' "mount '/tmp'"
refused id-map-of-nobody 'bind("/bound"; ["rbind", "idmap"]) | .linux.namespaces |= map(select(.type != "user"))' "/bound"
refused id-map-of-tmpfs ".mounts += [{destination: \"/tmp\", type: \"tmpfs\", uidMappings: [$one_id], gidMappings: [$one_id]}]" "only a bind mount"
refused id-map-by-halves ".mounts += [{destination: \"/tmp\", type: \"bind\", source: \"/\", options: [\"bind\"], uidMappings: [$one_id]}]" "belong together"
refused id-map-by-both ".mounts += [{destination: \"/tmp\", type: \"bind\", source: \"/\", options: [\"bind\", \"idmap=uids=0-1-1\"], uidMappings: [$one_id], gidMappings: [$one_id]}]" "not by both"
refused id-map-option-of-nothing 'bind("/bound"; ["rbind", "idmap="])' "expected 'uids=…' or 'gids=…'"
refused id-map-option-of-words 'bind("/bound"; ["rbind", "idmap=uids=0-1-x;gids=0-1-1"])' "'0-1-x': expected a range"
refused id-map-option-beyond 'bind("/bound"; ["rbind", "idmap=uids=@0-5000-1"]) | if .linux.uidMappings then . else .linux.uidMappings = [] end' "'@0-5000-1': the container's user namespace has no id 5000"
refused id-map-of-nothing '.mounts += [{destination: "/tmp", type: "bind", source: "/", options: ["bind"], uidMappings: [{containerID: 0, hostID: 0, size: 0}],
  gidMappings: [{containerID: 0, hostID: 0, size: 0}]}]' "mount '/tmp' id-mapped"
refused namespace-twice '.linux.namespaces += [{type: "pid"}]' "'pid' is there twice"
refused namespace-of-another-kind '.linux.namespaces += [{type: "uts", path: "/proc/self/ns/ipc"}] | .linux.namespaces |= map(select(.type != "uts" or .path))' "join the uts namespace"
refused no-mount-namespace '.linux.namespaces |= map(select(.type != "mount"))' "mount namespace of its own"
refused foreign-hostname '.linux.namespaces |= map(select(.type != "uts"))' "uts namespace"
refused cache-shares '.linux.intelRdt = {closID: "x"}' "linux.intelRdt: no shares of cache"
refused network-devices '.linux.netDevices = {eth0: {}}' "linux.netDevices: no network device"
refused offsets-of-host '.linux.timeOffsets = {monotonic: {secs: 5}}' "linux.timeOffsets need a new time namespace"
refused unknown-policy '.process.scheduler = {policy: "SCHED_TEST"}' "process.scheduler.policy: unknown value 'SCHED_TEST'"
refused unknown-scheduler-flag '.process.scheduler = {policy: "SCHED_BATCH", flags: ["x"]}' "process.scheduler.flags: unknown value 'x'"
refused impossible-scheduler '.process.scheduler = {policy: "SCHED_BATCH", priority: 7}' "be scheduled as SCHED_BATCH: Invalid argument"
refused unknown-io-class '.process.ioPriority = {class: "IOPRIO_CLASS_TEST"}' "process.ioPriority.class: unknown value 'IOPRIO_CLASS_TEST'"
refused impossible-io-priority '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8}' "process.ioPriority.priority: 8 is not 0 to 7"
refused listener '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/x"}' "SCMP_ACT_NOTIFY"
refused limit-twice '.process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 0}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]' "is there twice"
refused unknown-limit '.process.rlimits = [{type: "RLIMIT_TEST", soft: 1, hard: 1}]' "unknown resource limit 'RLIMIT_TEST'"
refused unknown-propagation '.linux.rootfsPropagation = "whatever"' "linux.rootfsPropagation: unknown value 'whatever'"
refused invalid-version '.ociVersion = "invalid"' "ociVersion: expected version 1.x"
refused no-process 'del(.process)' "process: expected an object"
refused relative-cwd '.process.cwd = "data"' "process.cwd: expected an absolute path"
refused foreign-sysctl '.linux.sysctl = {"vm.swappiness": "1"}' "the whole machine's"
refused climbing-sysctl '.linux.sysctl = {"net/../kernel/panic": "1"}' "net/../kernel/panic"
refused unknown-action '.linux.seccomp = {defaultAction: "SCMP_ACT_WHATEVER"}' "SCMP_ACT_WHATEVER"
refused notify '.linux.seccomp = {defaultAction: "SCMP_ACT_NOTIFY"}' "SCMP_ACT_NOTIFY"
mkdir -p "$scratch/outside-$who"
bundle climbing 'mount("/../../..'"$scratch/outside-$who/made"'"; "tmpfs"; []) | .mounts += [{destination: "/link/made", type: "tmpfs", source: "tmpfs"}]'
as ln -s "../../../../../../../..$scratch/outside-$who" "$bundle/rootfs/link"
run_bundle climbing
ok "$who: mount targets that climb out stay inside" eval '[ "$status" -eq 0 ] && grep -qF "$scratch/outside-$who/made " <<<"$(jq -r .mounts <<<"$out")"'
ok "$who: and nothing is made where they point" [ -z "$(ls -A "$scratch/outside-$who")" ]
refused climbing-link '.mounts += [{destination: "/link/made", type: "tmpfs", source: "tmpfs"}]' "mount '/link/made'" \
  ln -s "../../../../../../../..$scratch/outside-$who" "$dir/climbing-link/rootfs/link"
ok "$who: nor by a link that leads nowhere" [ -z "$(ls -A "$scratch/outside-$who")" ]
