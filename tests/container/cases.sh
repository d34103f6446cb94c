# shellcheck shell=bash disable=SC2154,SC2016,SC2001
# The cases, for $who through `as COMMAND…`. Sourced by run.sh.

w() { run as wherry "$@"; }
probe=$guests/probe.wasm

# What a container could leave: folders, names, mounts, processes.
leavings() {
  find "$WHERRY_ROOT"{,/run}/{containers,names,ephemeral} "$WHERRY_ROOT/layers" -mindepth 1 2>/dev/null
  grep -F "$scratch" /proc/self/mountinfo
  pgrep -f "wherry-runtime .*$WHERRY_ROOT"
}
nothing_left() { is "$(leavings)" ""; }

# A bare module -----------------------------------------------------------------------------------------
w run --rm "$probe" args a 'b c' ''
ok "$who: a module gets its arguments" is "$status:$out" $'0:[/probe.wasm]\n[args]\n[a]\n[b c]\n[]'
for code in 0 1 3 125 255; do
  w run --rm "$probe" exit $code
  ok "$who: exit code $code is the guest's" is "$status" $code
done
ok "$who: --rm leaves nothing" nothing_left
w run --rm "$probe" ls /
ok "$who: a module sees an empty root" is "$(sort <<<"$out" | tr '\n' ' ')" ". .. dev probe.wasm proc "
w run --rm "$probe" write /new text
ok "$who: which is read-only" is "$status" 1
w run --rm "$guests/not-there.wasm"
ok "$who: a module that is not there" is "$status" 125
w run --rm --invoke add "$guests/math.wasm" 2 -5
ok "$who: --invoke prints the result" is "$status:$out" "0:-3"
w run --rm --invoke half "$guests/math.wasm" 0.5
ok "$who: --invoke with floats" is "$status:$out" "0:0.25"
w run --rm --invoke swap "$guests/math.wasm" 9223372036854775807 0x10
ok "$who: --invoke with several results" is "$status:$out" $'0:16\n9223372036854775807'
w run --rm --invoke nothing "$guests/math.wasm"
ok "$who: --invoke without any" is "$status:$out" "0:"
w run --rm --invoke add "$guests/math.wasm" 2
ok "$who: --invoke counts arguments" one_error "function 'add' takes 2 arguments, not 1"
w run --rm --invoke add "$guests/math.wasm" 2 x
ok "$who: --invoke reads arguments" one_error "call 'add': 'x' is no i32"
w run --rm --invoke sub "$guests/math.wasm"
ok "$who: --invoke of what is not there" one_error "the module exports no function 'sub'"
ok "$who: is 126" is "$status" 126
w run --rm --invoke ready "$guests/reactor.wasm"
ok "$who: a reactor is initialised first" is "$status:$out" "0:42"
w run --rm "$guests/math.wasm"
ok "$who: a module without _start" one_error "_start"

# What cannot run ---------------------------------------------------------------------------------------
w run --rm "$probe" trap 0
ok "$who: a trap is 134" is "$status" 134
ok "$who: and says why and where" eval '[[ $err == *"integer divide by zero"*divide* ]]'
w run --rm --invoke fails "$guests/math.wasm"
ok "$who: a trap of --invoke is 134" is "$status" 134
w run --rm "$guests/import.wasm"
ok "$who: an unknown import is named" one_error "env.nowhere"
ok "$who: and is 126" is "$status" 126
for broken in cut script text empty; do
  w run --rm "$guests/$broken.wasm"
  ok "$who: a $broken module is one line" one_error "/$broken.wasm'"
  ok "$who: and 126" is "$status" 126
done
w run --rm missing
ok "$who: a missing entrypoint" one_error "entrypoint '/not-there.wasm' not found"
ok "$who: is 127" is "$status" 127
w run --rm other-platform
ok "$who: an image of another platform" one_error "image 'other-platform' is for linux/amd64"
ok "$who: is 125" is "$status" 125
w run --rm --platform linux/amd64 probe
ok "$who: --platform is held to" one_error "image 'probe' is for wasi/wasm, not for linux/amd64"
w run --rm linux-program
ok "$who: a Linux program" one_error "'/true' is a Linux program"
ok "$who: is 126 too" is "$status" 126
w run --rm no-such-image
ok "$who: an unknown image" one_error "no-such-image"
w run --rm --no-such-flag probe
ok "$who: an unknown option is 125" is "$status" 125
ok "$who: failures leave nothing" nothing_left

# An image ----------------------------------------------------------------------------------------------
w run --rm probe
ok "$who: entrypoint and command of the image" is "$status:$out" $'0:[/probe.wasm]\n[args]\n[from-cmd]'
w run --rm --platform wasip1/wasm probe args mine -x --rm
ok "$who: arguments replace the command" is "$out" $'[/probe.wasm]\n[args]\n[mine]\n[-x]\n[--rm]'
w run --rm --entrypoint /srv/relative.wasm probe
ok "$who: --entrypoint forgets the command" is "$out" "[/srv/relative.wasm]"
w run --rm searched args
ok "$who: a relative entrypoint is searched for" is "$status:$out" $'0:[relative.wasm]\n[args]'
w run --rm probe cat data.txt
ok "$who: files of the image" is "$status:$out" "0:of the image"
w run --rm probe write /srv/new text
ok "$who: the root can be written" is "$status" 0
w run --rm probe cat /srv/new
ok "$who: but not the image" is "$status" 1
w run --rm --read-only probe write /srv/new text
ok "$who: --read-only" is "$status" 1
w run --rm probe env COLOR
ok "$who: environment of the image" is "$out" "blue"
printf '# comment\n\nFROM_FILE=1\r\nCOLOR=green\n  HOST_ONE\nHOST_TWO\n' >"$scratch/env"
HOST_ONE=one run as wherry run --rm --env-file "$scratch/env" -e SHAPE=square -e HOST_ONE -e NOT_SET probe env
variables=$(sort <<<"$out")
expected=$'COLOR=green\nFROM_FILE=1\nHOME=/root\nHOSTNAME=\nHOST_ONE=one\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/srv\nSHAPE=square'
ok "$who: -e and --env-file" is "$(sed 's/^HOSTNAME=.*/HOSTNAME=/' <<<"$variables")" "$expected"
printf 'GOOD=1\nnot a name=2\n' >"$scratch/bad-env"
w run --rm --env-file "$scratch/bad-env" probe
ok "$who: a bad line of --env-file" one_error "bad-env:2: variable 'not a name' contains spaces"
w run --rm -w / probe cat ./data.txt
ok "$who: -w" is "$status:$out" "0:of the image"
w run --rm -w /made/here probe write ./file text
ok "$who: -w makes the folder" is "$status" 0
w run --rm -w relative probe
ok "$who: -w must be absolute" one_error "working directory 'relative' must be absolute"
w run --rm as-user env HOME
ok "$who: a user of the image by name" is "$status:$out" "0:/home/app"
w run --rm --user 4321:8765 probe exit 0
ok "$who: --user by number" is "$status" 0
w run --rm --user nobody-here probe
ok "$who: an unknown user" one_error "no user 'nobody-here' in the image's /etc/passwd"
w run --rm --hostname web probe env HOSTNAME
ok "$who: --hostname" is "$out" "web"

# Volumes -----------------------------------------------------------------------------------------------
mkdir "$scratch/vol-$who" && echo 'of the host' >"$scratch/vol-$who/file" && chmod 777 "$scratch/vol-$who"
w run --rm -v "$scratch/vol-$who:/data" probe cat /data/file
ok "$who: a volume is read" is "$status:$out" "0:of the host"
w run --rm -v "$scratch/vol-$who:/data" probe write /data/new 'of the guest'
ok "$who: and written" is "$status:$(cat "$scratch/vol-$who/new" 2>&1)" "0:of the guest"
w run --rm -v "$scratch/vol-$who:/data:ro" probe write /data/other text
ok "$who: unless it is read-only" is "$status:$(ls "$scratch/vol-$who")" $'1:file\nnew'
w run --rm -v "$scratch/vol-$who/file:/etc/one:ro" probe cat /etc/one
ok "$who: a file as a volume" is "$out" "of the host"
(cd "$scratch/vol-$who" && as wherry run --rm -v .:/data -w /data "$probe" cat ./file) >"$scratch/.dot" 2>&1
ok "$who: -v .:/data with a module" is "$(cat "$scratch/.dot")" "of the host"
w run --rm -v "$scratch/vol-$who/made/by:/data" probe ls /data
ok "$who: a missing folder of the host is made" test -d "$scratch/vol-$who/made/by"
w run --rm -v named:/data probe
ok "$who: a named volume is not there yet" one_error "named volumes, such as 'named', are not there yet"
ok "$who: volumes leave nothing" nothing_left

# What the guest cannot see -----------------------------------------------------------------------------
for path in "$scratch" "$scratch/vol-$who/file" /../../../../etc/hostname /proc/1/root/etc/hostname /proc/2; do
  w run --rm probe ls "$path"
  ok "$who: the guest does not see $path" is "$status:$out" "1:"
done
SECRET=of-the-host run as wherry run --rm probe cat /proc/self/environ
ok "$who: nor the host's environment" eval '[[ $out != *of-the-host* ]]'
w run --rm probe cat /proc/self/cmdline
ok "$who: nor the runtime's arguments" eval '[[ $out != *wherry* ]]'
w run --rm probe write /proc/self/mem text
ok "$who: nor may it write its own memory" is "$status" 1
w run --rm probe write /dev/null text
ok "$who: /dev/null is there" is "$status" 0

# Standard streams --------------------------------------------------------------------------------------
run as wherry run --rm "$probe" cat < <(echo input)
ok "$who: without -i there is no input" is "$status:$out" "0:"
run as wherry run --rm -i "$probe" cat < <(echo input)
ok "$who: with -i there is" is "$status:$out" "0:input"
w run --rm "$probe" numbers
ok "$who: a megabyte of output in order" is "$(sha256sum <<<"$out")" "$(seq 0 149999 | sha256sum)"
as wherry run --rm "$probe" numbers 2>"$scratch/.err" | head -n 1 >"$scratch/.head"
ok "$who: a reader that goes away" is "$(cat "$scratch/.head")" 0
w run --rm -t "$probe" </dev/null
ok "$who: -t without a terminal" one_error "standard input is no terminal"

# Names, ps, rm -----------------------------------------------------------------------------------------
w run --name first probe exit 7
w ps -a
ok "$who: ps -a shows what ended" eval '[[ $out == *"CONTAINER ID"*probe*"Exited (7)"*first* ]]'
w ps
ok "$who: ps does not" eval '[[ $out != *first* ]]'
w run --rm --name first probe
ok "$who: a name is taken once" one_error "name 'first' is already in use by container '"
ok "$who: and that is 125" is "$status" 125
w run --rm --name 'bad/name' probe
ok "$who: a bad name" one_error "'bad/name' is no container name"
w ps -a --json
ok "$who: ps --json" eval '[[ $(jq -r ".[0] | \"\(.name) \(.state) \(.exitCode)\"" <<<"$out") == "first exited 7" ]]'
w rm nobody first
ok "$who: rm names what is not there" one_error "no container named 'nobody'"
w run probe exit 0
w ps -aq
id=$out
w rm "${id:0:6}"
ok "$who: rm by the beginning of an id" is "$status" 0
ok "$who: rm leaves nothing" nothing_left

# Signals -----------------------------------------------------------------------------------------------
# start VERB…: a container in the background, $pid its `wherry`, its first line of output awaited.
start() {
  : >"$scratch/.background"
  "${prefix[@]}" wherry run --rm --name running "$@" >"$scratch/.background" 2>&1 &
  pid=$!
  wait_until test -s "$scratch/.background"
}
for case in TERM:143 INT:130 HUP:129 QUIT:131; do
  for verb in spin "sleep 60"; do
    # shellcheck disable=SC2086
    start "$probe" $verb
    kill -"${case%:*}" "$pid"
    wait "$pid"
    ok "$who: SIG${case%:*} ends ${verb% *}" is "$?" "${case#*:}"
  done
done
start probe spin
w ps
ok "$who: ps shows what runs" eval '[[ $out == *"Up "*running* ]]'
w rm running
ok "$who: rm refuses what runs" one_error "container 'running' is running"
w rm -f running
ok "$who: rm -f does not" is "$status" 0
wait "$pid"
ok "$who: whose status is 137" is "$?" 137
ok "$who: signals leave nothing" wait_until nothing_left
start probe spin
kill -KILL "$pid"
wait "$pid" 2>/dev/null
no_runtime() { ! pgrep -f "wherry-runtime .*$WHERRY_ROOT" >/dev/null; }
no_mount() { ! grep -qF "$WHERRY_ROOT" /proc/self/mountinfo; }
ok "$who: kill -9 of wherry leaves no process" wait_until no_runtime
ok "$who: and no mount" no_mount
w ps -aq
ok "$who: and the next command clears the rest" nothing_left
start probe spin
kill -KILL "$(pgrep -f "wherry-runtime .*$WHERRY_ROOT" | head -n 1)"
wait "$pid"
ok "$who: kill -9 of wherry-runtime is 137" is "$?" 137
ok "$who: and leaves nothing" wait_until nothing_left
