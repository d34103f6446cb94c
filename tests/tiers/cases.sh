# shellcheck shell=bash disable=SC2154,SC2016,SC2034,SC2046
# The cases, for $1 through `as COMMAND...`. Sourced by run.sh.
who=$1
dir=$scratch/$who
mkdir "$dir" && chmod 777 "$dir"
cp "$scratch"/guests/*.wasm "$dir/"
chmod a+r "$dir"/*.wasm
export WHERRY_ROOT=$dir/store
cache=$dir/store/cache
kept() { find "$cache/artifacts" -type f ! -name '.*' 2>/dev/null | wc -l; }
is_kept() { [ "$(kept)" -eq "$1" ]; }
# Who runs one of our programs, less `wherry` itself.
ours() { find /proc -maxdepth 2 -name exe -lname "$scratch/bin/wherry-*" -printf '%h\n' 2>/dev/null | cut -d / -f 3; }
zombies() { [[ $(ps -o stat= --ppid "$(ours | paste -sd ,)") == *Z* ]]; }
# tier TIER COMMAND...: with WHERRY_TIER
tier() { run as env "WHERRY_TIER=$1" "${@:2}"; }
guest() { echo wherry run --rm "$dir/guest.wasm" "$@"; }

# Beforehand ----------------------------------------------------------------------------------------------
run as wherry compile "$dir/guest.wasm"
ok "$who: a module is compiled" eval 'is "$status$out" 0 && contains "$err" "compiled '"'$dir/guest.wasm'"' in " && is_kept 1'
ok "$who: the cache is its owner's alone" is "$(stat -c %a "$cache" "$cache/artifacts" "$cache/digests" "$cache"/artifacts/* | xargs)" "700 700 700 400"
before=$(stat -c %i "$cache"/artifacts/*)
run as wherry compile "$dir/guest.wasm"
ok "$who: and not again" eval 'is "$status$out" 0 && contains "$err" "is compiled already" && is "$(stat -c %i "$cache"/artifacts/*)" "$before"'
run as wherry compile -q "$dir/add.wasm"
ok "$who: in silence" is "$status$out$err" 0
run as wherry compile "$dir/cut.wasm"
ok "$who: a module that is cut" eval 'is "$status" 1 && contains "$err" "malformed module" && is_kept 2'
run as wherry compile "$dir/text.wasm"
ok "$who: what is no module" eval 'is "$status" 1 && one_error "it is not a WebAssembly module"'
run as wherry compile "$dir/none.wasm"
ok "$who: what is not there" eval 'is "$status" 1 && one_error "No such file or directory"'
run as wherry compile --for znver3 "$dir/guest.wasm"
ok "$who: --for has no place in the cache" eval 'is "$status" 125 && contains "$err" "--for needs --output FILE"'
run as wherry compile -q --output "$dir/native" "$dir/guest.wasm"
ok "$who: into a file" eval 'is "$status$out$err" 0 && cmp "$dir/native" "$cache"/artifacts/'"$(sha256sum <"$dir/guest.wasm" | cut -c1-64)"'-*'
run as wherry compile -q --output "$dir/nowhere/native" "$dir/guest.wasm"
ok "$who: into a folder that is not there" eval 'is "$status" 1 && one_error "No such file or directory"'
as rm -rf "$cache"

# The tiers -----------------------------------------------------------------------------------------------
tier interpreter $(guest sum 100000)
ok "$who: interpreted" eval 'is "$status$err" 0 && [ ! -e "$cache" ]'
wanted=$out
tier compiled $(guest sum 100000)
ok "$who: compiled before it starts" eval 'is "$status$out$err" "0$wanted" && is_kept 1'
tier compiled $(guest sum 100000)
ok "$who: and found the next time" eval 'is "$status$out$err" "0$wanted" && is_kept 1'
tier auto $(guest sum 100000)
ok "$who: found by 'auto' too" eval 'is "$status$out$err" "0$wanted" && is_kept 1'
for one in interpreter compiled auto; do
  tier $one $(guest trap)
  ok "$who: $one: a trap is the same" eval 'is "$status" 134 && contains "$err" unreachable && contains "$err" fall'
done
tier fast $(guest sum 1)
ok "$who: a tier that there is not" eval 'is "$status" 125 && one_error "WHERRY_TIER: '"'fast'"' is neither"'
tier compiled wherry run --rm "$dir/cut.wasm"
ok "$who: what cannot be compiled is refused as ever" eval 'is "$status" 126 && contains "$err" "malformed module"'
run as env WHERRY_TIER=compiled WHERRY_CACHE=/proc/none $(guest sum 100000)
ok "$who: no cache: a warning, and interpreted" eval 'is "$status$out" "0$wanted" && contains "$err" "warning: the guest is interpreted: "'

# A compiler that takes its time
as tee "$dir/slow" <<<$'#!/bin/sh\nwhile :; do sleep 1; done' >/dev/null
as chmod +x "$dir/slow"
as rm -rf "$cache"
as_job env WHERRY_TIER=compiled WHERRY_COMPILE="$dir/slow" wherry run --rm "$dir/guest.wasm" work >"$scratch/.waits" 2>&1 &
waits=$!
ok "$who: the compiler is waited for" wait_until pgrep -f "sh $dir/slow"
kill "$waits"
ok "$who: but not by who is to end" wait_until eval '! kill -0 $waits && ! pgrep -f "sh $dir/slow" && is "$(ours)" ""'
wait "$waits" 2>/dev/null

# In the background ---------------------------------------------------------------------------------------
as rm -rf "$cache"
run as $(guest sum 1)
sleep 0.3
ok "$who: a guest that ends at once is not compiled" eval 'is "$status$err" 0 && is_kept 0'
wait_until eval 'is "$(ours)" ""'
as_job wherry run --rm "$dir/guest.wasm" work >"$scratch/.waits" 2>&1 &
waits=$!
ok "$who: one that lasts is compiled while it runs" wait_until is_kept 1
ok "$who: and has no zombie for a child" wait_until eval '! zombies'
ok "$who: and runs on" eval 'kill -0 $waits && is "$(wc -l <"$scratch/.waits")" 1'
kill "$waits"
wait "$waits" 2>/dev/null
ok "$who: nobody is left" wait_until eval 'is "$(ours)" ""'
as rm -rf "$cache"
as_job wherry run --rm "$dir/guest.wasm" work >/dev/null 2>&1 &
waits=$!
sleep 0.05
kill -KILL "$waits" 2>/dev/null
wait "$waits" 2>/dev/null
ok "$who: nor after a kill" wait_until eval 'is "$(ours)" ""'
# Two at once: one compiles the module, and both need code that the module's does not have.
as rm -rf "$cache"
as wherry run --rm "$dir/guest.wasm" loop >"$scratch/.other" 2>&1 &
other=$!
run as $(guest loop)
ok "$who: a loop goes on compiled while it runs" is "$status$out$err" 0faster
wait "$other"
ok "$who: and another guest's" is "$(cat "$scratch/.other")" faster

# An OCI runtime ------------------------------------------------------------------------------------------
bundle=$dir/bundle
as mkdir -p "$bundle/rootfs"
as cp "$dir/guest.wasm" "$bundle/rootfs/"
(cd "$bundle" && as wherry-runtime --root "$dir/state" spec $([ "$who" = root ] || echo --rootless) >/dev/null)
jq '.process.args = ["/guest.wasm", "work"] | .process.terminal = false' "$bundle/config.json" | as tee "$bundle/next" >/dev/null
as mv "$bundle/next" "$bundle/config.json"
rt() { run as wherry-runtime --root "$dir/state" --log "$dir/log" "$@"; }
as rm -rf "$cache"
create() { as wherry-runtime --root "$dir/state" --log "$dir/log" create --bundle "$bundle" --pid-file "$dir/$1.pid" "$1" >"$dir/$1.out" 2>&1 </dev/null; }
started=$(milliseconds)
run create one
ok "$who: create leaves nobody who holds a stream" eval 'is "$status" 0 && [ "$(took "$started")" -lt 5000 ]'
sleep 0.3
ok "$who: what was not started is not compiled" is_kept 0
rt start one
ok "$who: what was started is, in the background" wait_until is_kept 1
create two && rt start two
wait_until eval '[ -s "$dir/two.out" ]'
mapped() { as grep -A 25 'r-xs.*artifacts/' "/proc/$(cat "$dir/$1.pid")/smaps"; }
field() { mapped "$1" | awk -v name="$2:" '$1 == name {print $2; exit}'; }
ok "$who: another container has the artifact mapped" eval 'mapped two | grep -q Shared_Clean'
create three && rt start three
wait_until eval '[ -s "$dir/three.out" ]'
ok "$who: two share its pages, and have none of it for themselves" eval '[ "$(field three Shared_Clean)" -gt 0 ] && is "$(field two Private_Dirty)$(field two Private_Clean)$(field three Private_Dirty)$(field three Private_Clean)" 0000'
rt exec three /guest.wasm sum 100000
ok "$who: exec runs compiled code too" eval 'is "$status$out" "0$wanted"'
for id in one two three; do rt delete --force $id; done
ok "$who: nobody is left of them" wait_until eval 'is "$(ours)" ""'
jq '.annotations["org.wherry.tier"] = "interpreter" | .process.args = ["/guest.wasm", "sum", "100000"]' "$bundle/config.json" | as tee "$bundle/next" >/dev/null
as mv "$bundle/next" "$bundle/config.json"
as rm -rf "$cache"
tier compiled wherry-runtime --root "$dir/state" run --bundle "$bundle" four
ok "$who: an annotation counts more than the variable" eval 'is "$status$out$err" "0$wanted" && [ ! -e "$cache" ]'
as sed -i 's/"interpreter"/"slow"/' "$bundle/config.json"
rt run --bundle "$bundle" four
ok "$who: an annotation that says nothing" eval 'is "$status" 125 && one_error "annotation '"'org.wherry.tier'"': '"'slow'"' is neither"'

# What is wrong in the cache ------------------------------------------------------------------------------
damage() { # WHAT COMMAND...: on $artifact
  local what=$1 was
  shift
  as rm -rf "$cache"
  as wherry compile -q "$dir/guest.wasm"
  artifact=$(find "$cache/artifacts" -type f)
  was=$(sha256sum <"$artifact")
  as chmod u+w "$artifact"
  eval "$*"
  tier compiled $(guest sum 100000)
  ok "$who: $what is compiled anew" eval 'is "$status$out$err" "0$wanted" && is "$(sha256sum <"$artifact")" "$was"'
}
damage "what is cut" 'as truncate -s 4096 "$artifact"'
damage "what is foreign" 'as cp /bin/true "$artifact"'
damage "what others may write" 'as chmod o+w "$artifact"'
damage "what is another module's" 'as wherry compile -q "$dir/add.wasm"; as cp "$cache"/artifacts/'"$(sha256sum <"$dir/add.wasm" | cut -c1-64)"'-* "$artifact"'
damage "a link" 'as cp "$artifact" "$dir/elsewhere"; as ln -sf "$dir/elsewhere" "$artifact"'
if [ "$who" = root ]; then damage "what is another user's" 'chown 12345 "$artifact"'; fi
as chmod o+w "$cache"
tier compiled $(guest sum 100000)
ok "$who: a cache that others may write is not used" eval 'is "$status$out" "0$wanted" && contains "$err" "others may write to it"'
as chmod o-w "$cache"

# Without the compiler ------------------------------------------------------------------------------------
as rm -rf "$cache"
PATH=$scratch/without:/usr/bin:/bin
if [ -e /usr/bin/wherry-compile ] || [ -e /usr/local/bin/wherry-compile ]; then
  skip "$who: without a compiler" "this machine has one in a usual folder"
else
  tier compiled $(guest sum 100000)
  ok "$who: no compiler, demanded: one line, and interpreted" eval 'is "$status$out" "0$wanted" && is "$err" "wherry-runtime: warning: the guest is interpreted: wherry-compile is not installed"'
  tier auto $(guest sum 100000)
  ok "$who: no compiler, not demanded: not a word" is "$status$out$err" "0$wanted"
  run as wherry compile "$dir/guest.wasm"
  ok "$who: nothing compiles" eval 'is "$status" 1 && one_error "wherry-compile is not installed"'
fi
PATH=$scratch/bin:/usr/sbin:/usr/bin:/sbin:/bin

# Many at once, and a bound -------------------------------------------------------------------------------
for _ in 1 2 3 4; do as env WHERRY_TIER=compiled $(guest sum 100000) >>"$dir/many" 2>&1 & done
wait
ok "$who: many that want the same get the same" eval 'is "$(sort -u "$dir/many")" "$wanted" && is "$(wc -l <"$dir/many")" 4 && is_kept 1'
as touch -d '1 hour ago' "$cache"/artifacts/*
run as env WHERRY_CACHE_SIZE=4K wherry compile -q "$dir/add.wasm"
ok "$who: what was used last stays" eval 'is "$status$err" 0 && is_kept 1 && [ -e "$cache"/artifacts/'"$(sha256sum <"$dir/add.wasm" | cut -c1-64)"'-* ]'
run as env WHERRY_CACHE_SIZE=lots wherry compile "$dir/guest.wasm"
ok "$who: a size that is none" one_error "WHERRY_CACHE_SIZE: 'lots' is no size such as 512M"

# Images --------------------------------------------------------------------------------------------------
as rm -rf "$cache"
run as wherry build -q --compile --platform wasi/wasm -t pair "$scratch/context"
ok "$who: build --compile compiles all modules of the image" eval 'is "$status$err" 0 && is_kept 2'
tier compiled wherry run --rm pair sum 100000
ok "$who: which then run" is "$status$out$err" "0$wanted"
as wherry save -o "$dir/pair.tar" pair
as rm -rf "$dir/store"
run as wherry load --compile -q -i "$dir/pair.tar"
ok "$who: so does load --compile" eval 'is "$status$out$err" 0 && is_kept 2'
run as wherry compile pair
ok "$who: an image that is compiled" eval 'is "$status" 0 && is "$(grep -c "is compiled already" <<<"$err")" 2'
as rm -rf "$dir/store"
