#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2016,SC2317
# containerd by itself, with its own client: ctr_checks.sh native|wasm. inside.sh runs it in a root.
set -uo pipefail
# shellcheck source=tests/interop/checks_common.sh
source /shared/tests/interop/checks_common.sh "$1"
guest=(--runtime "$runtime" --platform "$platform")
c() { run timeout 60 ctr "$@"; }
ctr_run() { c run --rm "${guest[@]}" "$@"; } # OPTION... ID ARGS...: see the next
g() { # ID ARGS...: a probe, to its end
  local id=$1
  shift
  ctr_run "$image" "$id" /probe "$@"
}
background() { # ID ARGS...
  local id=$1
  shift
  timeout 60 ctr run --detach "${guest[@]}" --log-uri "file:///tmp/$id.log" "$image" "$id" /probe "$@"
}
says() { wait_until grep -q "$2" "/tmp/$1.log"; } # ID TEXT
state_of() { ctr task ls | awk -v id="$1" '$1 == id { print $3 }'; }
pid_of() { ctr task ls | awk -v id="$1" '$1 == id { print $2 }'; }
has_state() { [ "$(state_of "$1")" = "$2" ]; }
remove() { # ID: however it stands
  ctr task kill --signal KILL "$1" >/dev/null 2>&1
  wait_until eval "! has_state $1 RUNNING"
  ctr task delete "$1" >/dev/null 2>&1
  ctr container delete "$1" >/dev/null 2>&1
}
fifo() { # NAME COMMAND...: input that ends once a command succeeds: ctr overlooks an end before the start
  mkfifo "/tmp/$1.in"
  { echo from outside && shift && wait_until "$@" && sleep 0.2; } >"/tmp/$1.in" &
}
ended_with() { contains "$err" "non-zero exit code $1"; } # of `ctr task delete`
remember

# What a program is given, and gives
g one
ok "it runs" is "$status:$out:$err" "0:hello:"
g two args a 'b c' ''
ok "arguments" is "$out" $'[/probe]\n[args]\n[a]\n[b c]\n[]'
g three exit 42
ok "an exit code" is "$status" 42
g four say output problem
ok "standard output and error are two" is "$status:$out:$err" "0:output:problem"
ctr_run --env COLOR=red "$image" five /probe env COLOR SHAPE
ok "variables, of the image and the call" is "$out" $'COLOR=red\nSHAPE=round'
ctr_run --cwd /srv "$image" six /probe cat relative.txt
ok "a working directory" is "$out" "found by its relative name"
echo 'of the host' >/tmp/file
ctr_run --mount type=bind,src=/tmp/file,dst=/one,options=rbind:ro "$image" seven /probe cat /one
ok "a mount" is "$out" "of the host"
ctr_run --read-only "$image" eight /probe write /new x
ok "a read-only root" is "$status:$out" "1:/new: Read-only file system"
fifo nine eval 'has_state nine RUNNING'
run bash -c "timeout 60 ctr run --rm ${guest[*]} $image nine /probe cat </tmp/nine.in"
ok "input, to its end" is "$status:$out" "0:from outside"
head -c 20000000 /dev/urandom >/tmp/large
run bash -c "timeout 60 ctr run --rm ${guest[*]} --mount type=bind,src=/tmp/large,dst=/large,options=rbind:ro \
  $image ten /probe cat /large | cmp - /tmp/large"
ok "20 MB of output arrive as they were" is "$status:$out$err" "0:"
run timeout 60 script -qec "ctr run --rm -t ${guest[*]} $image eleven /probe terminals" /dev/null
ok "a terminal" is "$status:$(grep -v DEPRECATION <<<"${out//^@/}" | tr -d '\r')" $'0:0: terminal\n1: terminal\n2: terminal'
ctr_run "$image" twelve /not/there
ok "what is not there is an error" eval '[[ $status -ne 0 && $out = "" && $err == *ctr:* ]]'
ok "of which nothing is left" is "$(ctr task ls --quiet; ctr container ls --quiet | grep -v twelve)" ""
ctr container delete twelve >/dev/null 2>&1
if [ "$kind" = wasm ]; then
  g thirteen trap
  ok "a trap says what it was, to the container's standard error" eval '[[ $status = 134 && $err == *unreachable* ]]'
  for name in wasmedge wasmtime; do
    ln -s "$shim" "/shared/bin/containerd-shim-$name-v1"
    run timeout 60 ctr run --rm --runtime "io.containerd.$name.v1" --platform "$platform" "$image" drop-in /probe
    ok "under the name of $name" is "$status:$out:$err" "0:hello:"
    rm "/shared/bin/containerd-shim-$name-v1"
  done
  run timeout 60 ctr run --rm --runtime "$runtime" docker.io/library/probe-native:latest linux /probe exit 6
  ok "a Linux program is handed on" is "$status:$err" "6:"
fi

# A module that is a layer of its image. (An artifact ctr itself does not run.)
layered() { # OPTION... ID ARGS...
  c run --rm --runtime "$runtime" --platform wasip1/wasm docker.io/library/probe-layered:latest "$@"
}
if [ "$kind" = native ]; then
  skip "modules as layers" "no native program is one"
elif ! import_images default probe-layered:wasip1/wasm 2>/dev/null; then
  skip "modules as layers" "$(containerd --version | cut -d' ' -f3) takes every layer for an archive: that ended with 1.6.25 and 1.7.7"
else
  layered layer-1
  ok "a module that is a layer runs" is "$status:$out:$err" "0:hello:"
  layered layer-2 'probe.wasm#_start' env SHAPE
  ok "and a function of it" is "$status:$out" "0:SHAPE=round"
  layered layer-3 anything exit 4
  ok "by whatever name" is "$status" 4
  c run --detach --null-io --runtime "$runtime" --platform wasip1/wasm docker.io/library/probe-layered:latest layer-4 \
    probe.wasm later 600
  c task exec --exec-id again layer-4 probe.wasm exit 9
  ok "exec of the same name is the same module" is "$status" 9
  remove layer-4
  # containerd itself looks at no blob again.
  sed -i 's/hello/HELLO/' "$(grep -rlaF hello /var/lib/containerd/io.containerd.content.v1.content/blobs/sha256 |
    xargs ls -S | tail -n 1)"
  layered layer-5
  ok "of a corrupt one its digest is said" eval \
    '[[ $status -ne 0 && $err == *"fetch the module from containerd: image"*"blob sha256:"*" is corrupt"* ]]'
  ctr container delete layer-5 >/dev/null 2>&1
  ctr image rm docker.io/library/probe-layered:latest >/dev/null
fi

# A life, and what is told of it
ctr events >/tmp/events 2>&1 &
events=$!
sleep 0.3
background life later 600
says life waiting
pid=$(pid_of life)
ok "it is running" is "$(state_of life)" RUNNING
ok "its process is the first of its namespace" grep -q "^NSpid:.*[[:space:]]1$" "/proc/$pid/status"
c task ps life
ok "and listed" grep -q "^$pid" <<<"$out"
c task exec --exec-id e1 life /probe args x
ok "exec" is "$status:$out:$err" $'0:[/probe]\n[args]\n[x]:'
c task exec --exec-id e2 life /probe exit 9
ok "its exit code" is "$status" 9
fifo e3 eval 'ctr task ps life | grep -q e3'
run bash -c 'timeout 60 ctr task exec --exec-id e3 life /probe cat </tmp/e3.in'
ok "its input" is "$status:$out" "0:from outside"
c task exec --exec-id e4 life /not/there
ok "exec of nothing fails" [ "$status" -ne 0 ]
c task pause life
ok "pause" is "$status:$(state_of life)" 0:PAUSED
c task resume life
ok "resume" is "$status:$(state_of life)" 0:RUNNING
c task metrics life
ok "metrics" grep -qE 'memory\.?_?(usage|stat)?.*[1-9]' <<<"$out"
began=$(milliseconds)
c task kill life
wait_until has_state life STOPPED
ok "SIGTERM ends it" is "$(state_of life)" STOPPED
ok "in a moment" [ "$(took "$began")" -lt 3000 ]
c task delete life
ok "its exit code is 128 and the signal" ended_with 143
c container delete life
sleep 0.3
kill $events
wait $events 2>/dev/null
ok "events, in their order" is \
  "$(grep -oE '/tasks/[a-z-]+ .*"container_id":"life"' /tmp/events | awk '{print $1}' | tr '\n' ' ')" \
  "/tasks/create /tasks/start /tasks/exec-added /tasks/exec-started /tasks/exit /tasks/exec-added /tasks/exec-started \
/tasks/exit /tasks/exec-added /tasks/exec-started /tasks/exit /tasks/exec-added /tasks/paused /tasks/resumed /tasks/exit \
/tasks/delete "

background spinning spin
says spinning spinning
began=$(milliseconds)
c task kill spinning
wait_until has_state spinning STOPPED
ok "SIGTERM ends a spinning one" is "$(state_of spinning)" STOPPED
ok "in a moment, too" [ "$(took "$began")" -lt 3000 ]
remove spinning

# Where its output goes
cat >/tmp/logger <<'LOGGER'
#!/usr/bin/python3
import os, sys, threading
def copy(fd, name):
    with open(f"/tmp/logged-{os.environ['CONTAINER_ID']}-{name}", "wb", buffering=0) as out:
        while data := os.read(fd, 65536):
            out.write(data)
threads = [threading.Thread(target=copy, args=pair) for pair in ((3, "out"), (4, "err"))]
for thread in threads: thread.start()
os.close(5)
for thread in threads: thread.join()
LOGGER
chmod +x /tmp/logger
timeout 60 ctr run --detach "${guest[@]}" --log-uri binary:///tmp/logger "$image" logged /probe say output problem
wait_until has_state logged STOPPED
wait_until eval '[ -s /tmp/logged-logged-out ] && [ -s /tmp/logged-logged-err ]'
ok "a logging program gets both" is "$(cat /tmp/logged-logged-out /tmp/logged-logged-err 2>/dev/null)" $'output\nproblem'
remove logged
mkfifo /tmp/nobody
timeout 60 ctr run --detach "${guest[@]}" --null-io "$image" silent /probe say output problem
wait_until has_state silent STOPPED
ok "and nobody may listen" is "$(state_of silent)" STOPPED
remove silent

# What it survives
background survivor later 600
says survivor waiting
pid=$(pid_of survivor)
for signal in TERM KILL; do
  end_server "$containerd" $signal
  ok "containerd ends by SIG$signal, and it goes on" kill -0 "$pid"
  start_containerd
  ok "and is known to the next one" is "$(state_of survivor):$(pid_of survivor)" "RUNNING:$pid"
  c task exec --exec-id after-$signal survivor /probe
  ok "which can use it" is "$status:$out" "0:hello"
done
c task kill survivor
wait_until has_state survivor STOPPED
c task delete survivor
ok "and gets its exit code" ended_with 143
c container delete survivor
background short later 1 7
says short waiting
end_server "$containerd" KILL
sleep 1.3
start_containerd
if [ "$kind" = native ] && ! containerd_is 1.6; then
  skip "one that ended while nobody was there" "containerd 1.7 and later take runc's shim for a leaked one"
else
  ok "one that ended while nobody was there is not lost" is "$(state_of short)" STOPPED
  c task delete short
  ok "nor is its exit code" ended_with 7
fi
ok "nor its output" is "$(cat /tmp/short.log)" $'waiting\nover'
remove short

background orphan later 600
says orphan waiting
pid=$(pid_of orphan)
kill -KILL "$(pgrep -f "$shim .*-id orphan" | head -n 1)"
wait_until eval "! kill -0 $pid"
ok "without its shim it is ended" eval '! kill -0 "$pid" 2>/dev/null'
wait_until eval '! has_state orphan RUNNING'
ok "and no longer running" eval '! has_state orphan RUNNING'
remove orphan

# Many
runs=${WHERRY_INTEROP_RUNS:-20} failures=0
began=$(milliseconds)
for ((i = 0; i < runs; ++i)); do
  g "row-$i" exit 5
  [ "$status" -eq 5 ] || failures=$((failures + 1))
done
ok "$runs one after the other ($(($(took "$began") / runs)) ms each)" is $failures 0
parallel=${WHERRY_INTEROP_PARALLEL:-10}
for ((i = 0; i < parallel; ++i)); do
  { timeout 60 ctr run --rm "${guest[@]}" "$image" "beside-$i" /probe args "$i" >"/tmp/beside-$i"; echo $? >>"/tmp/beside-$i"; } &
  beside[i]=$!
done
wait "${beside[@]}" 2>/dev/null
failures=0
for ((i = 0; i < parallel; ++i)); do
  [ "$(cat "/tmp/beside-$i")" = $'[/probe]\n[args]\n['"$i"$']\n0' ] || failures=$((failures + 1))
done
ok "$parallel beside each other" is $failures 0

ok "containerd knows of nothing" is "$(ctr task ls --quiet; ctr container ls --quiet)" ""
ok "nothing is left" is "$(leavings)" ""
finish
