#!/usr/bin/env bash
# shellcheck disable=SC2317  # conditions are called by ok
# wherry-compile as a program: what it makes is the same every time, what it must not make is not there, what
# it may not do it cannot do, and a guest is served while it waits.
#   tests/compile/run.sh BUILD_DIR
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
here=tests/compile
# shellcheck source=tests/common.sh
source tests/common.sh "${1:?a build directory}"

# Functions in plenty, so that there are several parts: each calls the one before it.
{
  echo '(module (memory 1) (func (param i32) (result i32) (local.get 0))'
  for i in $(seq 1 2000); do
    echo "(func (param i32) (result i32) (local i32)"
    for _ in $(seq 1 8); do echo "(local.set 1 (i32.add (local.get 1) (i32.load8_u offset=$i (local.get 0))))"; done
    echo "(i32.xor (local.get 1) (call $((i - 1)) (i32.rotl (local.get 0) (i32.const $i)))))"
  done
  echo '(export "last" (func 2000)))'
} >"$scratch/many.wat"
wat2wasm -o "$scratch/many.wasm" "$scratch/many.wat" || exit 1
wat2wasm -o "$scratch/few.wasm" - <<'END' || exit 1
(module
  (func $one (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $two (param i32) (result i32) (call $one (local.get 0)))
  (func (export "three") (param i32) (result i32) (call $two (call $one (local.get 0)))))
END
wat2wasm -o "$scratch/loop.wasm" - <<'END' || exit 1
(module (func (export "spin") (param i32)
  (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
END
# A function that takes longer, with a loop.
{
  echo '(module (func (export "large") (param i32) (result i32) (local i32) (loop'
  for i in $(seq 1 3000); do echo "(local.set 1 (i32.rotl (i32.add (local.get 1) (local.get 0)) (i32.const $i)))"; done
  echo '(br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))'
} | wat2wasm -o "$scratch/large.wasm" - || exit 1
nothing_left() { [ -z "$(find "$scratch/out" -mindepth 1 -print -quit)" ]; }
same() { cmp -s "$1" "$2"; }
mkdir "$scratch/out"

# --- what it makes
for how in "" --quick; do
  run wherry-compile $how --threads 1 "$scratch/many.wasm" "$scratch/one.aot"
  ok "compiles ${how:-at full quality}" [ "$status" -eq 0 ]
  run wherry-compile $how --threads 2 "$scratch/many.wasm" "$scratch/two.aot"
  ok "two threads make what one makes ${how}" same "$scratch/one.aot" "$scratch/two.aot"
  cp "$scratch/one.aot" "$scratch/made${how}.aot"
done
ok "quick code is other code" [ "$(cmp -s "$scratch/made.aot" "$scratch/made--quick.aot")$?" -eq 1 ]
run wherry-compile --for x86-64-v2 "$scratch/many.wasm" "$scratch/v2.aot"
ok "compiles for another machine" [ "$status" -eq 0 ]
run wherry-compile --for x86-64-v2 --environment
ok "says what that machine has" contains "$out" " x86-64 +cx16 +popcnt +sahf +sse3 +sse4.1 +sse4.2 +ssse3"
v2=$(printf %s "$out" | sha256sum | cut -c 1-64)
ok "the artifact is for that machine" is "$v2" "$(od -An -tx1 -j56 -N32 "$scratch/v2.aot" | tr -d ' \n')"
run wherry-compile --environment
first=$out
run wherry-compile --environment
ok "the environment is the same every time" is "$first" "$out"
(cd "$scratch/out" && wherry-compile "$scratch/few.wasm" here.aot)
ok "writes into the current folder" [ -s "$scratch/out/here.aot" ]
rm -f "$scratch/out/here.aot"

# --- what it refuses
head -c 40 "$scratch/few.wasm" >"$scratch/cut.wasm"
run wherry-compile "$scratch/cut.wasm" "$scratch/out/cut.aot"
ok "a cut module is one error" one_error "read the module: "
ok "and fails" [ "$status" -eq 1 ]
printf '\0asm\1\0\0\0\1\4\1\140\0\0\3\2\1\0\12\5\1\3\0\152\13' >"$scratch/invalid.wasm"
run wherry-compile "$scratch/invalid.wasm" "$scratch/out/invalid.aot"
ok "an invalid module is one error" one_error "read the module: "
run wherry-compile "$scratch/none.wasm" "$scratch/out/none.aot"
ok "a missing module is one error" one_error "open '$scratch/none.wasm': No such file"
run wherry-compile "$scratch/few.wasm" "$scratch/none/few.aot"
ok "a missing folder is one error" one_error "open '$scratch/none/': No such file"
run wherry-compile --for pdp-11 "$scratch/few.wasm" "$scratch/out/few.aot"
ok "an unknown processor is one error" one_error "knows no x86-64 processor 'pdp-11'"
run wherry-compile --threads 0 "$scratch/few.wasm" "$scratch/out/few.aot"
ok "no threads are one error" one_error "--threads takes a number from 1 to 8, not '0'"
ok "of how it was called" [ "$status" -eq 2 ]
run wherry-compile "$scratch/few.wasm"
ok "one name is too few" one_error "give a module and the artifact"
run wherry-compile --serve --module 77 --output 1
ok "a descriptor that is not open is one error" one_error "--module 77: Bad file descriptor"
ok "nothing is left of any" nothing_left

# --- limits
run wherry-compile --memory-limit 90 "$scratch/many.wasm" "$scratch/out/many.aot"
ok "too much memory is one error" one_error "it needs more memory than"
ok "and leaves nothing" nothing_left
run env -i "$build/bin/wherry-compile" "$scratch/few.wasm" "$scratch/few.aot"
ok "needs nothing of the environment" [ "$status" -eq 0 ]

# confined: of the process that looks at the module, while it does.
wherry-compile --threads 1 "$scratch/many.wasm" "$scratch/confined.aot" &
parent=$!
child() { child=$(pgrep -P "$parent") && grep -q '^Seccomp:.2' "/proc/$child/status"; }
if wait_until child; then
  facts=$(cat "/proc/$child/status" "/proc/$child/limits")
  ok "no new privileges" contains "$facts" $'NoNewPrivs:\t1'
  ok "1.5 GiB of memory" contains "$(tr -s ' ' <<<"$facts")" "Max address space 1610612736 1610612736"
  ok "no core" contains "$(tr -s ' ' <<<"$facts")" "Max core file size 0 0"
  if [ "$(id -u)" -eq 0 ]; then
    ok "no network" [ "$(readlink "/proc/$child/ns/net")" != "$(readlink /proc/self/ns/net)" ]
    ok "nothing open but what it needs" [ "$(find "/proc/$child/fd" -type l | wc -l)" -le 5 ]
  else
    skip "no network, nothing open" "only root can look"
  fi
else
  ok "it confines itself" false
fi
kill -SEGV "$child"
wait "$parent"
ok "its crash fails" [ $? -eq 1 ]
ok "and leaves no artifact" [ ! -e "$scratch/confined.aot" ]
wherry-compile --threads 1 "$scratch/many.wasm" "$scratch/late.aot" 2>"$scratch/late.err" &
parent=$!
wait_until child
kill -ALRM "$child"
wait "$parent"
ok "a timeout fails" [ $? -eq 1 ]
ok "saying so" is "$(cat "$scratch/late.err")" "wherry-compile: error: it took longer than its limit"
ok "and leaves no artifact, either" [ ! -e "$scratch/late.aot" ]
wherry-compile --threads 1 "$scratch/many.wasm" "$scratch/ended.aot" &
parent=$!
wait_until child
kill -KILL "$parent"
wait "$parent" 2>/dev/null
gone() { [ ! -d "/proc/$child" ]; }
ok "it ends with whoever started it" wait_until gone
ok "which leaves nothing" [ ! -e "$scratch/ended.aot" ]

# --- a guest
serve() { run python3 $here/serve.py "$@"; }
serve hot "$scratch/many.wasm" "$scratch/served.aot"
ok "what is hot comes first, quickly made and then well, sealed" is "$(head -n 2 <<<"$out")" $'part 1,2 sealed\npart 1,2 sealed'
ok "then all there is" contains "$out" "part of 2001 sealed"
ok "then the compiler is gone" is "$(tail -n 2 <<<"$out")" $'gone\nstatus 0'
ok "and the artifact is whole" [ "$(stat -c %s "$scratch/served.aot")" -gt 100000 ]
serve large "$scratch/large.wasm" "$scratch/large.aot"
ok "a large function that stays in a loop comes with that" contains "$out" $'part 0 with 0 loops sealed\npart 0 with 1 loops sealed'
wherry-compile "$scratch/large.wasm" "$scratch/large_alone.aot"
ok "which is for the guest alone" same "$scratch/large.aot" "$scratch/large_alone.aot"
serve large-nonsense "$scratch/large.wasm" "$scratch/large.aot"
ok "or without, if there is no such loop" contains "$out" $'part 0 with 0 loops sealed\npart 0 with 0 loops sealed'
serve loops "$scratch/loop.wasm" "$scratch/loops.aot" --loops 0:0,0:7,9:0
ok "of loops that it names a guest gets those that there are" is "$out" $'part  sealed\ngone\nstatus 0'
ok "and nobody gets anything else" [ ! -s "$scratch/loops.aot" ]
run wherry-compile --serve --module 0 --output 1 --loops 0:x
ok "what is no loop is one error" one_error "--loops takes a number from 0 to 4294967295, not 'x'"
serve gone "$scratch/many.wasm" "$scratch/gone.aot"
ok "a guest that goes is not waited for" is "$out" "status 0"
ok "what it leaves is what there is without one" same "$scratch/gone.aot" "$scratch/made.aot"
serve nonsense "$scratch/many.wasm" "$scratch/nonsense.aot" --quick
ok "nor is one that says nonsense" is "$out" "status 0"
ok "whatever it said" same "$scratch/nonsense.aot" "$scratch/made--quick.aot"
serve gone "$scratch/cut.wasm" "$scratch/cut.aot"
ok "a cut module is one error to a server" one_error "read the module: "
ok "of which the output has nothing" [ ! -s "$scratch/cut.aot" ]
finish
