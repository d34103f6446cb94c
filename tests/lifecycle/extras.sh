# shellcheck shell=bash disable=SC2154,SC2016,SC2034
# Hooks, terminals, descriptors, the service manager, Linux payloads; for $who. Sourced by run.sh after cases.sh.

# Hooks --------------------------------------------------------------------------------------------------
as tee "$dir/hook" >/dev/null <<'HOOK'
#!/bin/sh
# hook LOG NAME [EXIT]: what it is given, and where it stands.
state=$(cat)
echo "$2 $(hostname) $state" | tr -d '\n' >>"$1"
echo >>"$1"
exit "${3:-0}"
HOOK
as chmod 755 "$dir/hook"
log=$dir/hooks.log
hook_at() { printf '{"path": "%s/hook", "args": ["hook", "%s", "%s"%s], "env": ["PATH=/usr/bin:/bin"]}' "$dir" "$log" "$1" "${2:+, \"$2\"}"; }
hooks() { printf '.hooks = {'; for each; do printf '%s"%s": [%s]' "${comma:-}" "${each%%:*}" "$(hook_at "${each%%:*}" "$(cut -s -d: -f2 <<<"$each")")" && comma=,; done; unset comma; printf '}'; }
# createContainer stands in the container's namespaces with the host's files, as it comes before pivot_root.
make_bundle hooked "$(hooks prestart createRuntime createContainer poststart poststop)" /probe.wasm exit 0
rt run --bundle "$dir/hooked" h1
ok "$who: a container with hooks runs" is "$status" 0
ok "$who: hooks are called in their order" is "$(cut -d' ' -f1 "$log" | tr '\n' ' ')" "prestart createRuntime createContainer poststart poststop "
host=$(hostname)
ok "$who: createRuntime stands outside" eval '[[ $(grep ^createRuntime "$log") == "createRuntime $host "* ]]'
ok "$who: createContainer stands inside" eval '[[ $(grep ^createContainer "$log") == "createContainer test "* ]]'
for stage in prestart:creating createRuntime:creating createContainer:creating poststart:running poststop:stopped; do
  state=$(grep "^${stage%:*} " "$log" | cut -d' ' -f3-)
  ok "$who: ${stage%:*} is given the state" eval 'is "$(jq -r "[.id, .status, .bundle, .ociVersion] | join(\" \")" <<<"$state")" "h1 ${stage#*:} $dir/hooked 1.2.0"'
done
ok "$who: createRuntime is given the pid" eval 'test "$(grep ^createRuntime "$log" | cut -d" " -f3- | jq .pid)" -gt 1'
: >"$log"
called() { is "$(cut -d' ' -f1 "$log" | tr '\n' ' ')" "$*"; }
make_bundle steps "$(hooks prestart createRuntime createContainer poststart poststop)" /probe.wasm exit 0
create h0 steps
ok "$who: create calls what comes before the guest" called "prestart createRuntime createContainer "
rt start h0
ok "$who: start calls poststart before it returns" called "prestart createRuntime createContainer poststart "
wait_until in_state h0 stopped
ok "$who: no end of a guest calls poststop" called "prestart createRuntime createContainer poststart "
rt delete h0
ok "$who: delete does, once" called "prestart createRuntime createContainer poststart poststop "
: >"$log"
make_bundle failing "$(hooks createRuntime:3 poststop)" /probe.wasm exit 0
rt create --bundle "$dir/failing" h2
ok "$who: a createRuntime hook that fails fails create" one_error "createRuntime hook '$dir/hook': exited with code 3"
ok "$who: and poststop is called" eval '[[ $(cut -d" " -f1 "$log" | tr "\n" " ") == "createRuntime poststop " ]]'
make_bundle late "$(hooks poststart:4 poststop:5)" /probe.wasm exit 6
rt --log "$dir/hooks.warnings" run --bundle "$dir/late" h3
ok "$who: later ones only warn" eval 'is $status 6 && contains "$err" "warning: poststart hook" && contains "$err" "warning: poststop hook"'
ok "$who: in the log, too" is "$(sed -n 's/.*level=warning msg="\(post[a-z]* hook\).*/\1/p' "$dir/hooks.warnings" | tr '\n' ' ')" "poststart hook poststop hook "
: >"$log"
make_bundle both ".hooks = {poststart: [$(hook_at poststart 4), $(hook_at poststart2)], poststop: [$(hook_at poststop 5), $(hook_at poststop2)]}" /probe.wasm exit 6
rt run --bundle "$dir/both" h3
ok "$who: and stop none behind them" is "$(cut -d' ' -f1 "$log" | tr '\n' ' ')" "poststart poststart2 poststop poststop2 "
make_bundle hanging ".hooks = {createRuntime: [{path: \"/bin/sleep\", args: [\"sleep\", \"100\"], timeout: 1}]}" /probe.wasm exit 0
rt run --bundle "$dir/hanging" h4
ok "$who: a hook that hangs is ended" one_error "createRuntime hook '/bin/sleep': did not end within 1 s"
make_bundle inside ".hooks = {startContainer: [{path: \"/native\"}]} | .mounts += [{destination: \"/native\", type: \"bind\", source: \"/bin/true\", options: [\"bind\", \"ro\"]}, ([\"/lib\", \"/lib64\", \"/usr/lib\"][] | {destination: ., type: \"bind\", source: ., options: [\"rbind\", \"ro\"]})]" /probe.wasm exit 8
rt run --bundle "$dir/inside" h5
ok "$who: startContainer is executed inside" is "$status" 8
make_bundle absent ".hooks = {startContainer: [{path: \"/not-there\"}]}" /probe.wasm exit 8
create h6 absent
rt start h6
ok "$who: one that fails fails start" one_error "startContainer hook '/not-there': "
rt delete --force h6
# What each hook is told, as we tell it and as runc does: "STAGE STATUS PID", where a pid is 1, init's, or none.
as mkdir "$dir/inner"
inner='{path: "/usr/bin/sh", args: ["sh", "-c", "echo startContainer inside $(cat | tr -d \"\\n\") >>/inner/log"], env: ["PATH=/usr/bin"]}'
told='.mounts += [["/usr", "/lib", "/lib64"][] | {destination: ., type: "bind", source: ., options: ["rbind", "ro"]}]
  | .mounts += [{destination: "/inner", type: "bind", source: "'$dir/inner'", options: ["bind", "rw"]}]
  | '$(hooks prestart createRuntime createContainer poststart poststop)' | .hooks.startContainer = ['$inner']'
make_bundle told "$told" /probe.wasm sleep 1000
make_bundle told-linux "$told" /usr/bin/sleep 1000
told() { # BUNDLE
  : >"$log"
  as rm -f "$dir/inner/log"
  rt create --bundle "$dir/$1" h7 </dev/null >/dev/null
  [ "$status" = 0 ] || return
  local init
  init=$(pid_of h7)
  rt start h7
  rt kill h7 KILL
  wait_until in_state h7 stopped
  rt delete h7
  cat "$log" "$dir/inner/log" | while read -r stage _ state; do
    jq -r --arg stage "$stage" --argjson init "$init" '"\($stage) \(.status) " + (if .pid == $init then "init" elif .pid == 1 then "1" elif (.pid // 0) == 0 then "none" else "\(.pid)" end)' <<<"$state"
  done
}
ours=$(told told)
ok "$who: hooks are told what the specification says" is "$ours" 'prestart creating init
createRuntime creating init
createContainer creating 1
poststart running init
poststop stopped none
startContainer created 1'
WHERRY_LINUX_RUNTIME=$(command -v runc)
export WHERRY_LINUX_RUNTIME
theirs=$([ -n "$WHERRY_LINUX_RUNTIME" ] && told told-linux)
if [ -n "$theirs" ]; then
  # runc calls poststart early, and says "created".
  ok "$who: as runc tells them" is "$(grep -v ^poststart <<<"$ours")" "$(grep -v ^poststart <<<"$theirs")"
else
  skip "$who: hooks are told what runc tells them" "runc does not run here"
fi
unset WHERRY_LINUX_RUNTIME
if [ -d "$dir/state/.linux@runc" ]; then as rmdir "$dir/state/.linux@runc"; fi
ok "$who: hooks leave nothing" wait_until nothing_left

# A function of the module, and a module that is not in the container's root ------------------------------
make_bundle function . '/functions.wasm#other'
rt run --bundle "$dir/function" f1
ok "$who: PATH#FUNCTION calls that export" is "$status" 4
make_bundle relative . 'functions.wasm#value' a
rt run --bundle "$dir/relative" f1
ok "$who: by any path, and what it returns is nobody's" is "$status:$out" 0:
make_bundle absent-function . '/functions.wasm#absent'
rt run --bundle "$dir/absent-function" f1
ok "$who: one that is not there is an error" eval 'is $status 126 && one_error "the module exports no function '"'absent'"'"'
make_bundle arguments . '/functions.wasm#two' 1 2
rt run --bundle "$dir/arguments" f1
ok "$who: so is one with arguments" eval 'is $status 126 && one_error "'"'two'"' takes 2 arguments"'
module=$scratch/files/probe.wasm
make_bundle outside . / args x
rt run --module "$module" --bundle "$dir/outside" f2
ok "$who: a module of the host is run, whatever the entrypoint is" is "$status:$out" $'0:[/]\n[args]\n[x]'
(cd "$scratch/files" && create f2 outside --module probe.wasm)
rt start f2
wait_until in_state f2 stopped
ok "$who: by create, too" is "$(cat "$dir/f2.out")" $'[/]\n[args]\n[x]'
rt delete f2
make_bundle named . 'app#other'
rt run --module "$scratch/files/functions.wasm" --bundle "$dir/named" f2
ok "$who: or a function of it" is "$status" 4
make_bundle resident . app sleep 1000
create f3 resident --module "$module"
rt start f3
rt exec f3 app exit 5
ok "$who: exec of the same entrypoint is that module" is "$status" 5
rt exec f3 /probe.wasm exit 6
ok "$who: of another, one of the root" is "$status" 6
rt exec f3 absent
ok "$who: and there is no other" eval 'is $status 127 && one_error "entrypoint '"'absent'"' not found"'
rt delete --force f3
rt run --module "$dir/nowhere" --bundle "$dir/outside" f4
ok "$who: a module that is not there is an error" one_error "open the module '$dir/nowhere': No such file"
rt run --module "$dir" --bundle "$dir/outside" f4
ok "$who: so is a directory" one_error "the module '$dir' is no regular file"
rt run --module "$scratch/files/native" --bundle "$dir/outside" f4
ok "$who: so is a file that is none" eval 'is $status 126 && one_error "is a Linux program"'

# A terminal ---------------------------------------------------------------------------------------------
make_bundle tty '.process.terminal = true | .process.consoleSize = {height: 20, width: 70} | .mounts += [{destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666", "mode=0620"]}]' /probe.wasm cat
as /usr/bin/python3 -B tests/lifecycle/console.py "$dir/console" $'typed\n\004' >"$dir/screen" &
console=$!
wait_until test -S "$dir/console"
rt create --bundle "$dir/tty" --console-socket "$dir/console" t1
ok "$who: create with a terminal" is "$status" 0
rt start t1
wait "$console"
ok "$who: what is typed is echoed, and read" is "$(tr -d '\r' <"$dir/screen")" $'typed\ntyped'
wait_until in_state t1 stopped
rt delete t1
rt create --bundle "$dir/tty" t2
ok "$who: a terminal needs a socket" one_error "config.json: process.terminal: a terminal needs a --console-socket to go to"
rt create --bundle "$dir/tty" --console-socket "$dir/nowhere" t2
ok "$who: one that is there" one_error "reach the console socket: connect to '$dir/nowhere'"

# Without a socket a terminal is shown on the caller's own.
at_terminal() { # STEP... -- WORD...
  local steps=()
  while [ "$1" != -- ]; do steps+=("$1") && shift; done
  run as env PID_FILE="$dir/t.pid" /usr/bin/python3 -B tests/lifecycle/caller.py 33x77 "${steps[@]}" -- "$scratch/bin/wherry-runtime" --root "$dir/state" "${@:2}"
}
at_terminal raw 'type:typed\r' $'see:typed\r\n' 'type:\x04' -- run --bundle "$dir/tty" t3
ok "$who: run shows the terminal on the caller's" is "$status:$out" $'0:typed\ntyped\n0 restored'
at_terminal raw 'type:\x03' -- run --bundle "$dir/tty" t3
ok "$who: Ctrl-C is the guest's" is "$status:$out" '0:^C130 restored'
at_terminal raw signal:SIGTERM -- run --bundle "$dir/tty" t3
ok "$who: the terminal is restored when a signal ends it" is "$status:$out" '0:143 restored'
at_terminal raw signal:SIGALRM -- run --bundle "$dir/tty" t3
ok "$who: whichever signal" is "$status:$out" '0:142 restored'
make_bundle tty-missing '.process.terminal = true | .mounts += [{destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666"]}] | .hooks = {startContainer: [{path: "/not-there"}]}' /probe.wasm cat
at_terminal -- run --bundle "$dir/tty-missing" t3
ok "$who: and where the program cannot be started" eval 'contains "$out" "error: startContainer hook" && [[ $out == *$'"'\n125 restored'"' ]]'
if [ "$id" = 0 ]; then
  rm -f "$dir/t.pid"
  at_terminal raw inner:33x77 size:40x90 inner:40x90 'type:\x04' -- run --bundle "$dir/tty" --pid-file "$dir/t.pid" t3
  ok "$who: the guest's window is the caller's" is "$status:$out" '0:0 restored'
else
  skip "$who: the guest's window is the caller's" "only root may look at the terminal of a guest"
fi
run as bash -c '"$0" --root "$1/state" run --bundle "$1/tty" t3 2>"$1/t.err" </dev/null | cat; cat "$1/t.err" >&2' "$scratch/bin/wherry-runtime" "$dir"
ok "$who: without a terminal there is nothing to show it on" one_error "process.terminal: there is no terminal to show it on, and no --console-socket"
rt run --detach --bundle "$dir/tty" t3
ok "$who: nor with --detach" one_error "config.json: process.terminal: a terminal needs a --console-socket to go to"
make_bundle tty-sleeping '.mounts += [{destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666", "mode=0620"]}]' /probe.wasm sleep 1000
create t4 tty-sleeping
rt start t4
at_terminal raw 'type:typed\r' $'see:typed\r\n' 'type:\x04' -- exec --tty t4 /probe.wasm cat
ok "$who: exec --tty shows it, too" is "$status:$out" $'0:typed\ntyped\n0 restored'
at_terminal raw 'type:\x03' -- exec --tty t4 /probe.wasm cat
ok "$who: and gives back the exit code" is "$status:$out" '0:^C130 restored'
rt exec --tty --detach t4 /probe.wasm cat
ok "$who: exec --tty --detach needs a socket" one_error "config.json: process.terminal: a terminal needs a --console-socket to go to"
as rm -f "$dir/console"
as /usr/bin/python3 -B tests/lifecycle/console.py "$dir/console" $'typed\n\004' >"$dir/screen" &
console=$!
wait_until test -S "$dir/console"
rt exec --tty --detach --console-socket "$dir/console" t4 /probe.wasm cat
wait "$console"
ok "$who: or with it sends the terminal there" is "$status:$(tr -d '\r' <"$dir/screen")" $'0:typed\ntyped'
as rm -f "$dir/console"
as /usr/bin/python3 -B tests/lifecycle/console.py "$dir/console" $'typed\n\004' >"$dir/screen" &
console=$!
wait_until test -S "$dir/console"
jq -n '{terminal: true, args: ["/probe.wasm", "cat"], cwd: "/", user: {uid: 0, gid: 0}}' >"$dir/process.json"
rt exec --process "$dir/process.json" --console-socket "$dir/console" t4
wait "$console"
ok "$who: and waits for its end without --detach" is "$status:$(tr -d '\r' <"$dir/screen")" $'0:typed\ntyped'
rt delete --force t4
ok "$who: terminals leave nothing" wait_until nothing_left

# Descriptors and the service manager --------------------------------------------------------------------
echo 'of descriptor 3' >"$dir/three"
make_bundle fds . /probe.wasm env LISTEN_FDS
run as bash -c 'exec "$0" --root "$1/state" run --bundle "$1/fds" --preserve-fds 1 f1 3<"$1/three"' "$scratch/bin/wherry-runtime" "$dir"
ok "$who: --preserve-fds tells the guest" is "$status:$out" 0:1
rt run --bundle "$dir/fds" --preserve-fds 2 f1
ok "$who: a descriptor that is not open" one_error "--preserve-fds 2: descriptor"
# A service manager at $notify, a path or '@' and an abstract name: prints what it hears in COUNT messages.
notify=$dir/notify
manager() { # COUNT
  as rm -f "$dir/notify" "$dir/listening"
  "${prefix[@]}" /usr/bin/python3 -B -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1].replace("@", "\0", 1)); s.settimeout(20)
open(sys.argv[2], "w").close()
for _ in range(int(sys.argv[3])): print(s.recv(1000).decode(), end="")' "$notify" "$dir/listening" "$1" >"$dir/notified" &
  manager=$!
  wait_until test -f "$dir/listening"
}
notifying() { run as env NOTIFY_SOCKET="$notify" "$scratch/bin/wherry-runtime" --root "$dir/state" "$@"; }
manager 1
make_bundle ready . /probe.wasm write /run/notify/notify.sock READY=1
notifying run --bundle "$dir/ready" n1
ok "$who: a guest writes to its NOTIFY_SOCKET" is "$status" 0
wait "$manager"
ok "$who: and the service manager hears it" is "$(cat "$dir/notified")" READY=1
notify=@wherry-$$-$who
manager 1
notifying run --bundle "$dir/ready" n1
ok "$who: one with an abstract name, too" is "$status" 0
wait "$manager"
ok "$who: hears it" is "$(cat "$dir/notified")" READY=1
notifying run --bundle "$dir/ready" n1
ok "$who: one that is gone" one_error "reach the service manager: connect to '$notify': Connection refused"
notify=$dir/notify
manager 1
make_bundle lying . /probe.wasm write /run/notify/notify.sock $'MAINPID=1\nFDSTORE=1\nREADY=1\nWATCHDOG=trigger\nSTATUS=up'
notifying run --bundle "$dir/lying" n1
wait "$manager"
ok "$who: but what a guest may not say" is "$(cat "$dir/notified")" $'READY=1\nSTATUS=up'
manager 2
make_bundle notifier . /notifier.wasm $'MAINPID=1\nREADY=1'
notifying create --bundle "$dir/notifier" n2 </dev/null >/dev/null
ok "$who: create does not wait for readiness" is "$status" 0
notifying start n2
ok "$who: start does" is "$status" 0
wait "$manager"
ok "$who: and says whom to watch" is "$(cat "$dir/notified")" "READY=1
MAINPID=$(pid_of n2)
BARRIER=1"
ok "$who: the guest runs on" in_state n2 running
rt delete --force n2
make_bundle silent . /probe.wasm sleep 1000
manager 1
notifying create --bundle "$dir/silent" n3 </dev/null >/dev/null
as env NOTIFY_SOCKET="$dir/notify" "$scratch/bin/wherry-runtime" --root "$dir/state" start n3 &
starting=$!
wait_until in_state n3 running
ok "$who: a start that waits holds no lock" kill -0 "$starting"
rt kill n3 KILL
wait "$starting"
ok "$who: and ends with the guest" is "$?" 0
rt delete n3
kill "$manager"
wait "$manager" 2>/dev/null
as rm -f "$dir/notify"
notifying run --bundle "$dir/ready" n4
ok "$who: a service manager that is not there" one_error "reach the service manager: connect to '$dir/notify'"
# One that config.json itself mounts and names, as Podman's --sdnotify=container does.
manager 2
make_bundle mounted '.process.env += ["NOTIFY_SOCKET=/given"] | .mounts += [{destination: "/given", type: "bind", source: "'"$notify"'", options: ["bind"]}]' /probe.wasm sleep 1000
create n5 mounted
rt start n5
rt exec n5 /probe.wasm write /given READY=1
ok "$who: a guest opens a NOTIFY_SOCKET that is mounted for it" is "$status" 0
rt exec --env NOTIFY_SOCKET=/nowhere n5 /probe.wasm write /given STATUS=unheard
ok "$who: no other socket" test "$status" -ne 0
rt exec n5 /probe.wasm write /given STOPPING=1
wait "$manager"
ok "$who: and is heard there" is "$(cat "$dir/notified")" READY=1STOPPING=1
rt exec n5 /probe.wasm args
ok "$who: where nobody listens any more a guest runs as well" is "$status" 0
rt delete --force n5
ok "$who: its containers leave nothing" wait_until nothing_left

# Linux payloads -----------------------------------------------------------------------------------------
untimed() { sed -E 's/time="[^"]*" //' <<<"$1"; } # what a runtime says, but not when
as mkdir -p "$dir/state/.linux@gone/lost"
WHERRY_LINUX_RUNTIME=$dir/gone rt list
ok "$who: what an uninstalled runtime has is listed" eval 'is "$status" 0 && [[ $out == *$'"'\nlost '*' unknown '"'* ]]'
ok "$who: with a warning" is "$err" "wherry-runtime: warning: 1 containers are listed without their state: their runtime, gone, is not installed any more"
WHERRY_LINUX_RUNTIME=$dir/gone rt list --format json
ok "$who: as JSON, too" eval 'is "$(jq -c ".[] | [.id, .status, .pid]" <<<"$out")" "[\"lost\",\"unknown\",0]"'
as rm -r "$dir/state/.linux@gone"
rt restore --image-path lost nobody
ok "$who: what is restored is no container of ours" eval 'test "$status" -ne 0 && [[ $err != *"unknown command '"'restore'"'"* ]]'
find "$dir/state" -maxdepth 1 -name '.linux@*' -exec rm -r {} +

for other in crun runc; do
  if ! command -v $other >/dev/null; then
    skip "$who: Linux payloads by $other" "$other is not installed"
    continue
  fi
  make_bundle "linux-$other" '.mounts += ([["/lib", "/lib64", "/usr/lib", "/usr/bin"][] | {destination: ., type: "bind", source: ., options: ["rbind", "ro"]}]) | .mounts |= map(if .destination == "/lib" then . else . end)' /usr/bin/sleep 1000
  WHERRY_LINUX_RUNTIME=$(command -v $other)
  export WHERRY_LINUX_RUNTIME
  # crun takes no mixture of both versions of cgroups.
  [ $other = crun ] && inside=(unshare -m sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"' sh)
  rt --cgroup-manager disabled create --bundle "$dir/linux-$other" "l-$other" </dev/null >/dev/null
  if [ "$status" -ne 0 ]; then
    skip "$who: Linux payloads by $other" "$other itself: ${err%%$'\n'*}"
    unset WHERRY_LINUX_RUNTIME
    inside=()
    continue
  fi
  ok "$who: a Linux payload is $other's" eval '[[ -d $dir/state/.linux@$other/l-$other ]]'
  rt start "l-$other"
  ok "$who: whose verbs are handed over to $other" eval 'is "$status" 0 && in_state "l-$other" running'
  rt list -q
  ok "$who: and which list shows" contains "$out" "l-$other"
  as mkdir "$dir/state/ours"
  rt --cgroup-manager disabled create --bundle "$dir/linux-$other" ours </dev/null
  ok "$who: no id is used twice" one_error "a container with the id 'ours' exists"
  rt exec ours "l-$other"
  ok "$who: words behind an id of ours are no ids" one_error "container that is stopped"
  rt ps --format "l-$other" ours
  ok "$who: nor is the value of an option" eval '[[ $err == wherry-runtime:* ]]'
  rt checkpoint --image-path "l-$other" ours
  ok "$who: what is ours has no checkpoints" one_error "cannot checkpoint container 'ours': a WebAssembly program has no checkpoints"
  as rmdir "$dir/state/ours"
  rt checkpoint --image-path "$dir/images" "l-$other"
  ok "$who: commands that only $other may know are $other's" eval 'test "$status" -ne 0 && [[ $err != *wherry-runtime:* ]]'
  for entrypoint in /usr/bin/not-there /usr /etc/unreadable; do
    make_bundle "bad-$other${entrypoint//\//-}" '.mounts += [{destination: "/usr", type: "bind", source: "/usr", options: ["rbind", "ro"]}]' "$entrypoint"
    bundle="$dir/bad-$other${entrypoint//\//-}"
    as mkdir "$bundle/rootfs/etc" && as install -m 0 /dev/null "$bundle/rootfs/etc/unreadable"
    run as "${inside[@]}" "$WHERRY_LINUX_RUNTIME" --root "$dir/other" run --bundle "$bundle" bad </dev/null
    theirs=$status:$out:$(untimed "$err")
    rt run --bundle "$bundle" bad </dev/null
    ok "$who: of $entrypoint is said what $other says" is "$status:$out:$(untimed "$err")" "$theirs"
    ok "$who: which is an error" test "${theirs%%:*}" -ne 0
  done
  rt kill "l-$other" KILL
  wait_until in_state "l-$other" stopped
  rt delete "l-$other"
  ok "$who: deleted by $other" eval 'is "$status" 0 && ! [[ -d $dir/state/.linux@$other/l-$other ]]'
  unset WHERRY_LINUX_RUNTIME
  inside=()
done
