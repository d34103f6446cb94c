# shellcheck shell=bash
# Sourced by run.sh after tests/common.sh, whose names it uses.
# shellcheck disable=SC2154,SC2034
# Guests of our own, each compiled and run in a directory furnished for it.

compile_guests() {
  local source
  modules=$scratch/modules
  mkdir -p "$modules"
  for source in "$here"/guests/*.c; do
    run clang-19 --target=wasm32-wasi -O1 -Wall -Wextra -Werror "$source" -o "$modules/$(basename "$source" .c).wasm"
    ok "guest $(basename "$source") compiles" [ "$status" -eq 0 ]
  done
  for source in "$here"/guests/*.wat; do
    run wat2wasm "$source" -o "$modules/$(basename "$source" .wat).wasm"
    ok "guest $(basename "$source") compiles" [ "$status" -eq 0 ]
  done
  for source in "$here"/guests/*.rs; do
    run /usr/bin/rustc --target wasm32-wasi -O "$source" -o "$modules/$(basename "$source" .rs)_rs.wasm"
    ok "guest $(basename "$source") compiles" [ "$status" -eq 0 ]
  done
}

# An empty $top, and $top/inside for the guest.
furnish() {
  top=$scratch/guest
  rm -rf "$top" && mkdir -p "$top/inside"
}

furnish_ways_out() {
  furnish
  echo secret >"$top/secret"
  mkdir "$top/secrets" "$top/inside/dir"
  echo secret >"$top/secrets/file"
  echo mine >"$top/inside/mine"
  ln -s "$top/secret" "$top/inside/absolute"
  ln -s "$top/secrets" "$top/inside/absolute_dir"
  ln -s ../secret "$top/inside/relative"
  ln -s ../secrets "$top/inside/relative_dir"
  ln -s dir/../../secrets "$top/inside/winding_dir"
  ln -s relative_dir "$top/inside/chain_dir"
  ln -s ../missing "$top/inside/dangling"
  ln -s /proc/self/cwd "$top/inside/magic_dir"
}

# All that can be seen outside, times and links included.
outside() { find "$top" -path "$top/inside" -prune -o ! -path "$top" -printf '%P %s %l %n %T@ %C@\n' | sort; }

guest() { run timeout 60 "$runner" --dir "$top/inside::." "$modules/$1.wasm" "${@:2}"; }
prints() { [ "$status" -eq 0 ] && [ "$out" = "$1" ]; }

guest_escapes() {
  local before
  furnish_ways_out
  before=$(outside)
  guest escape
  ok "no way leads out of a directory" prints "nothing got out"
  ok "nothing outside is touched" [ "$before" = "$(outside)" ]
}

guest_races() {
  local before swapper
  furnish_ways_out
  mkdir "$top/inside/race"
  echo -n inside >"$top/inside/race/file"
  echo kept >"$top/secrets/keep"
  before=$(outside)
  python3 "$here/swap.py" "$top/inside" ../secrets &
  swapper=$!
  guest race
  kill "$swapper" 2>/dev/null
  wait "$swapper" 2>/dev/null
  ok "a swapped directory leads nowhere" prints raced
  ok "a race touches nothing outside" [ "$before" = "$(outside)" ]
}

guest_streams() {
  furnish
  ran="stdio pipe" status=0 err='' out=$("$runner" "$modules/stdio.wasm" pipe </dev/null | wc -c)
  ok "a megabyte goes through a pipe" [ "$out" = 1048576 ]
  ran="stdio null" out='' err=$("$runner" "$modules/stdio.wasm" null 2>&1 >/dev/null)
  status=$?
  ok "/dev/null is no terminal" [ "$status" -eq 0 ]
  ran="stdio closed" err=$({ "$runner" "$modules/stdio.wasm" closed | true; } 2>&1)
  ok "a closed pipe is an error" [ "$err" = "nobody reads" ]
  ran="poll" out=$({ sleep 0.5 && echo late; } | timeout 60 "$runner" "$modules/poll.wasm" 2>&1)
  ok "poll waits for time and input" [ "$out" = polled ]
}

# Relative paths start in the working directory, absolute ones in the root, in C as in Rust.
guest_working_directory() {
  local module expected
  for module in cwd cwd_rs; do
    furnish
    mkdir -p "$top/inside/app/data" "$top/inside/etc" "$top/inside/data"
    echo hosts >"$top/inside/etc/hosts"
    echo config >"$top/inside/app/config"
    echo root >"$top/inside/data/both"
    echo app >"$top/inside/app/data/both"
    echo mine >"$top/inside/app/data/mine"
    ln -s /etc/hosts "$top/inside/app/link"
    run timeout 60 "$runner" --root "$top/inside" --cwd /app "$modules/$module.wasm" config ./config /etc/hosts link \
      /app/config /data/both data/mine ../etc/hosts
    expected=$'config\nconfig\nhosts\nhosts\nconfig\nroot\nmine\nhosts'
    [ $module = cwd ] || expected+=$'\nconfig data link made'
    ok "$module: paths start where they should" prints "$expected"
    ok "$module: what it makes is in its working directory" [ -f "$top/inside/app/made" ]
    run timeout 60 "$runner" --root "$top/inside" --cwd / "$modules/$module.wasm" etc/hosts /etc/hosts
    ok "$module: the root can be the working directory" [ "${out:0:11}" = $'hosts\nhosts' ]
  done
  run timeout 60 "$runner" --root "$top/inside" --cwd /app "$modules/cwd.wasm" data/both ./data/both
  ok "a leading . makes a path relative" prints $'root\napp'
  run timeout 60 "$runner" --root "$top/inside" --cwd /app "$modules/chdir.wasm" config
  ok "chdir: its own working directory starts in the given one" prints config
  run timeout 60 "$runner" --root "$top/inside" --cwd /app "$modules/chdir.wasm" both /data
  ok "chdir: it can go elsewhere" prints root
}

guest_endings() {
  furnish
  guest endings exit
  ok "exit(42) is 42" [ "$status" -eq 42 ]
  guest endings return
  ok "return 7 is 7" [ "$status" -eq 7 ]
  guest endings abort
  ok "abort is a trap" [ "$status" -eq 134 ]
  ok "a trap says so" grep -q unreachable <<<"$err"
}

guests() {
  compile_guests
  guest_escapes
  guest_races
  guest_streams
  guest_working_directory
  guest_endings
  furnish && guest readdir
  ok "directories are read in pieces of any size" prints read
  furnish && guest renumber
  ok "descriptors change numbers" [ "$status" -eq 0 ] && ok "into a file" grep -q renumbered "$top/inside/out"
  furnish && guest files
  ok "files behave as C programs expect" prints "done"
  furnish && echo -n 0123456789 >"$top/ten" && run "$runner" "$modules/old.wasm" <"$top/ten"
  ok "wasi_unstable has its own numbers" [ "$status" -eq 0 ]
  run "$runner" "$modules/unknown.wasm"
  ok "an unknown function is named" one_error fd_teleport
}
