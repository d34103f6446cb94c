# shellcheck shell=bash disable=SC2154,SC2016,SC2034
# The cases, for $who through `as COMMAND…`, with bundles in $dir. Sourced by run.sh.

inside=() # what enters the surroundings that a case needs
rt() { run as "${inside[@]}" "$scratch/bin/wherry-runtime" --root "$dir/state" "$@"; }
state_of() { as "${inside[@]}" "$scratch/bin/wherry-runtime" --root "$dir/state" state "$1" 2>/dev/null | jq -r .status; }
in_state() { is "$(state_of "$1")" "$2"; }
pid_of() { as "$scratch/bin/wherry-runtime" --root "$dir/state" state "$1" | jq -r .pid; }
leavings() { find "$dir/state" -mindepth 1; }
nothing_left() { is "$(leavings)" "" && ! pgrep -f "$dir/state" >/dev/null; }
# Of a container in the background: what it prints goes to $dir/ID.out. Its parent is the test.
create() { # ID BUNDLE [OPTION…]
  local id=$1 bundle=$2
  shift 2
  ran="create $id"
  as "$scratch/bin/wherry-runtime" --root "$dir/state" create --bundle "$dir/$bundle" "$@" "$id" \
    </dev/null >"$dir/$id.out" 2>"$scratch/.err"
  status=$?
  err=$(cat "$scratch/.err")
}

make_bundle spin . /probe.wasm spin
make_bundle sleeping . /probe.wasm sleep 1000
make_bundle seven . /probe.wasm exit 7
make_bundle args . /probe.wasm args a 'b c'
make_bundle missing . /none.wasm
make_bundle native . /native
make_bundle broken '.process.args = []'
make_bundle trap . /probe.wasm trap 0

# Create, start, end -------------------------------------------------------------------------------------
create one spin --pid-file "$dir/one.pid"
ok "$who: create" is "$status" 0
ok "$who: it is created" in_state one created
ok "$who: the pid file has the pid of the state" is "$(cat "$dir/one.pid")" "$(pid_of one)"
ok "$who: which is a process that waits" kill -0 "$(pid_of one)"
ok "$who: and has not run" is "$(cat "$dir/one.out")" ""
rt state one
ok "$who: state is what the specification says" eval 'jq -e ".ociVersion and .id == \"one\" and .bundle == \"$dir/spin\" and .rootfs == \"$dir/spin/rootfs\" and (.created | test(\"^20.*Z\$\")) and .owner == $id" <<<"$out" >/dev/null'
create one spin
ok "$who: an id is taken once" one_error "a container with the id 'one' exists"
rt delete one
ok "$who: what is created is not deleted" one_error "cannot delete container 'one' that is created: kill it first, or use --force"
rt start one
ok "$who: start" is "$status" 0
ok "$who: it runs" in_state one running
ok "$who: what it prints arrives" wait_until grep -q spinning "$dir/one.out"
rt start one
ok "$who: start once" one_error "cannot start a container that is running"
rt delete one
ok "$who: what runs is not deleted" one_error "cannot delete container 'one' that is running: kill it first, or use --force"
ok "$who: nor touched" in_state one running
rt list
ok "$who: list shows it" contains "$out" "running     $dir/spin"
rt list -q
ok "$who: list -q" is "$out" one
rt list --format json
ok "$who: list --format json" eval '[[ $(jq -r ".[0].status" <<<"$out") == running ]]'
begin=$(milliseconds)
rt kill one SIGTERM
wait_until in_state one stopped
took=$(took "$begin")
ok "$who: SIGTERM ends a spinning guest at once, process 1 as it is ($took ms)" test "$took" -lt 2000
ok "$who: a stopped one has no pid" is "$(pid_of one)" 0
rt kill one
ok "$who: what has ended cannot be killed" one_error "cannot kill container 'one': it is not running"
rt start one
ok "$who: nor started" one_error "cannot start a container that is stopped"
rt exec one /probe.wasm
ok "$who: nor entered" one_error "cannot exec in a container that is stopped"
rt delete one
ok "$who: delete" is "$status" 0
ok "$who: delete leaves nothing" nothing_left
rt delete one
ok "$who: delete of nothing" one_error "no container with the id 'one': it does not exist"
rt delete --force one
ok "$who: delete --force of nothing" is "$status:$err" 0:
rt state one
ok "$who: state of nothing" one_error "no container with the id 'one': it does not exist"

# Signals ------------------------------------------------------------------------------------------------
for signal in TERM 2 SIGKILL sigusr1 RTMIN; do
  create "s-$signal" sleeping
  rt kill "s-$signal" "$signal"
  ok "$who: kill $signal reaches a created container" is "$status" 0
  [ "$signal" = RTMIN ] || ok "$who: and $signal ends it" wait_until in_state "s-$signal" stopped
  rt delete --force "s-$signal"
  ok "$who: delete --force after $signal" is "$status" 0
done
create blocked sleeping
rt start blocked
begin=$(milliseconds)
rt kill blocked
wait_until in_state blocked stopped
took=$(took "$begin")
ok "$who: SIGTERM ends a guest in a blocking call ($took ms)" test "$took" -lt 2000
rt kill blocked NONSENSE
ok "$who: a signal that is none" one_error "unknown signal 'NONSENSE'"
rt delete blocked
create forced spin
rt start forced
rt delete --force forced
ok "$who: delete --force of a running one" is "$status" 0
ok "$who: leaves nothing" wait_until nothing_left

# run ----------------------------------------------------------------------------------------------------
rt run --bundle "$dir/args" r1
ok "$who: run" is "$status:$out" $'0:[/probe.wasm]\n[args]\n[a]\n[b c]'
rt run --bundle "$dir/seven" r1
ok "$who: run exits with the guest's code" is "$status" 7
rt run --bundle "$dir/trap" r1
ok "$who: a trap is 134, with its backtrace" eval 'is $status 134 && contains "$err" divide'
rt run --bundle "$dir/seven" --keep r1
ok "$who: run --keep" in_state r1 stopped
rt delete r1
rt run --detach --bundle "$dir/spin" --pid-file "$dir/r1.pid" r1 >/dev/null
ok "$who: run --detach returns" in_state r1 running
ok "$who: with a pid" is "$(cat "$dir/r1.pid")" "$(pid_of r1)"
rt delete -f r1
(cd "$dir/seven" && as "$scratch/bin/wherry-runtime" --root "$dir/state" run here)
ok "$who: the bundle is the current directory" is $? 7
ok "$who: run leaves nothing" wait_until nothing_left

# What was read is what counts ---------------------------------------------------------------------------
make_bundle changing . /probe.wasm args before
create c1 changing
as cp "$dir/changing/config.json" "$dir/changing/former"
jq '.process.args[2] = "after"' "$dir/changing/former" | as tee "$dir/changing/config.json" >/dev/null
rt start c1
wait_until in_state c1 stopped
ok "$who: a config.json that changes after create has no effect" is "$(cat "$dir/c1.out")" $'[/probe.wasm]\n[args]\n[before]'
rt start c1
ok "$who: what has run is not started" one_error "cannot start a container that is stopped"
rt kill c1 KILL
ok "$who: nor killed" one_error "cannot kill container 'c1': it is not running"
ok "$who: which has no effect" eval 'in_state c1 stopped && is "$(wc -l <"$dir/c1.out")" 3'
rt delete c1
ok "$who: and delete removes what create made, and no more" eval 'nothing_left && cmp -s "$dir/changing/rootfs/probe.wasm" "$scratch/files/probe.wasm" && [[ -f $dir/changing/former ]]'

# What cannot be created ---------------------------------------------------------------------------------
create bad missing
ok "$who: an entrypoint that is not there" one_error "entrypoint '/none.wasm' not found in the container: no such file or directory"
rt run --bundle "$dir/missing" bad
ok "$who: of which run makes 127" is "$status" 127
create bad broken
ok "$who: a config that says nothing" one_error "config.json: process.args: expected an array of at least one string"
rt run --bundle "$dir/broken" bad
ok "$who: of which run makes 125" is "$status" 125
create bad nowhere
ok "$who: a bundle that is not there" one_error "read bundle '$dir/nowhere': open '$dir/nowhere/config.json': No such file or directory"
rt create --bundle "$dir/spin" 'a/b'
ok "$who: an id that is none" one_error "'a/b' is no container id"
ok "$who: nothing is left of them" nothing_left

# exec ---------------------------------------------------------------------------------------------------
create e sleeping
rt exec e /probe.wasm args
ok "$who: exec enters a created container" is "$status:$out" $'0:[/probe.wasm]\n[args]'
rt start e
rt exec e /probe.wasm exit 9
ok "$who: exec exits with its own code" is "$status" 9
rt exec --env SHAPE=round --cwd /proc e /probe.wasm env
ok "$who: exec has the container's environment and more" contains "$out" $'COLOR=blue\nSHAPE=round'
rt exec e /probe.wasm ls /proc
ok "$who: exec stands in the container's pid namespace" eval 'grep -qx 1 <<<"$out" && ! grep -qx "$(pid_of e)" <<<"$out"'
jq -n '{args: ["/probe.wasm", "exit", "5"], cwd: "/", user: {uid: 0, gid: 0}}' >"$dir/process.json"
rt exec --process "$dir/process.json" e
ok "$who: exec --process" is "$status" 5
rt exec --detach --pid-file "$dir/exec.pid" e /probe.wasm sleep 1000
ok "$who: exec --detach" kill -0 "$(cat "$dir/exec.pid")"
rt exec e /none.wasm
ok "$who: exec of nothing" eval 'is $status 127 && one_error "entrypoint '"'/none.wasm'"' not found"'
rt exec e /native
ok "$who: exec of what is not Wasm" eval 'is $status 126 && one_error "'"'/native'"' is a Linux program"'
rt exec e
ok "$who: exec without a module" one_error "'exec' takes a module to run, or --process FILE"
rt kill e KILL
wait_until in_state e stopped
gone() { ! kill -0 "$1" 2>/dev/null; }
ok "$who: with init goes what was executed beside it" wait_until gone "$(cat "$dir/exec.pid")"
rt delete e
ok "$who: exec leaves nothing" nothing_left

# How it is scheduled ------------------------------------------------------------------------------------
make_bundle scheduled '.process.scheduler = {policy: "SCHED_BATCH", nice: 5, flags: ["SCHED_FLAG_RESET_ON_FORK"]} | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}' /probe.wasm sleep 1000
create sch scheduled
scheduled() { chrt --pid "$1" | sed -n 's/.*policy: //p' && ps -o ni= -p "$1" && ionice -p "$1"; }
ok "$who: the program is scheduled as config.json says" is "$(scheduled "$(pid_of sch)" | xargs)" "SCHED_BATCH|SCHED_RESET_ON_FORK 5 best-effort: prio 6"
jq -n '{args: ["/probe.wasm", "sleep", "1000"], cwd: "/", user: {uid: 0, gid: 0}, scheduler: {policy: "SCHED_IDLE"}, execCPUAffinity: {initial: "0-1", final: "0"}}' >"$dir/process.json"
rt exec --detach --pid-file "$dir/exec.pid" --process "$dir/process.json" sch
ok "$who: one that is executed, by itself" is "$(scheduled "$(cat "$dir/exec.pid")" | sed 's/.*: prio.*//' | xargs)" "SCHED_IDLE -"
ok "$who: and on processors of its own" is "$(taskset -cp "$(cat "$dir/exec.pid")" | sed 's/.*: //')" 0
for cpus in x 0- 1-0 '0,' 4096 '0;1'; do
  jq -n --arg cpus "$cpus" '{args: ["/probe.wasm"], cwd: "/", user: {uid: 0, gid: 0}, execCPUAffinity: {final: $cpus}}' >"$dir/process.json"
  rt exec --process "$dir/process.json" sch
  ok "$who: '$cpus' are no processors" one_error "process.execCPUAffinity: '$cpus' is no list of processors"
done
rt delete --force sch

# Without an id ------------------------------------------------------------------------------------------
for verb in create start state delete pause resume ps events update; do
  rt $verb
  ok "$who: $verb without an id" eval 'is "$status" 1 && one_error "'"'$verb'"' takes one container id"'
done
rt kill
ok "$who: kill without an id" eval 'is "$status" 1 && one_error "'"'kill'"' takes an id and a signal"'
for command in 'start nobody' 'state nobody' 'delete nobody' 'kill nobody' 'pause nobody' 'resume nobody' 'ps nobody' \
  'events nobody' 'exec nobody /probe.wasm' 'update --pids-limit 5 nobody'; do
  # shellcheck disable=SC2086 # several words
  rt $command
  ok "$who: ${command%% *} of nothing" one_error "no container with the id 'nobody': it does not exist"
done
ok "$who: these leave nothing" nothing_left

# The command line ---------------------------------------------------------------------------------------
rt --version
ok "$who: --version is what callers parse" eval '[[ $out == "wherry-runtime version "*$'"'\nspec: 1.'"'* ]]'
rt nonsense
ok "$who: an unknown command" eval 'is $status 1 && one_error "unknown command '"'nonsense'"'"'
for command in 'checkpoint --help' checkpoint 'restore --help' 'restore --lsm-mount-context'; do
  # shellcheck disable=SC2086 # several words
  rt $command
  ok "$who: $command: no caller takes it for supported" eval 'is "$status:$out" 1: && one_error "'"'${command%% *}'"' is not supported: a WebAssembly program has no checkpoints"'
done
rt checkpoint --image-path "$dir" nobody
ok "$who: checkpoint of nothing" one_error "no container with the id 'nobody': it does not exist"
rt checkpoint a/b
ok "$who: or of no id" one_error "'a/b' is no container id"
rt features
ok "$who: features: what callers ask for is there" is "$(jq -c '[.ociVersionMin, .ociVersionMax, .linux.cgroup, .linux.seccomp.enabled, .linux.mountExtensions.idmap.enabled]' <<<"$out")" \
  '["1.0.0","1.2.0",{"v1":true,"v2":true,"systemd":true,"systemdUser":true,"rdma":true},true,true]'
rt --log "$dir/log" --log-format json state nobody
ok "$who: errors in a JSON log" eval '[[ $(jq -r ".level + \":\" + .msg" "$dir/log") == "error:no container with the id '"'nobody'"': it does not exist" ]]'
rt --log="$dir/log2" --log-format=text --debug --cgroup-manager disabled --rootless=auto state nobody
ok "$who: and in one of text" grep -q 'level=error msg="no container with' "$dir/log2"
ok "$who: at the end nothing is left" nothing_left

# Told to begin ------------------------------------------------------------------------------------------
told() { run as bash -c 'exec 3< <(sleep 0.2; printf "%s" "$1"); shift; exec "$@"' told "$1" "$scratch/bin/wherry-runtime" --root "$dir/state" run --await "${2:-3}" --bundle "$dir/seven" told; }
told g
ok "$who: a runtime that is told to begin begins" is "$status" 7
told ''
ok "$who: one that is not ends, and says nothing" eval 'is "$status$out$err" 125'
told g 2
ok "$who: standard streams carry no word" contains "$err" "--await: '2' is no descriptor above 2"
told g 3x
ok "$who: a descriptor is a number" contains "$err" "--await: '3x' is no descriptor above 2"
told g 77
ok "$who: a descriptor is open" one_error "--await: read descriptor 77: Bad file descriptor"
ok "$who: nobody left anything" wait_until nothing_left
