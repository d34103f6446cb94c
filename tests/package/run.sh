#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2016,SC2317
# The Debian packages: tests/package/run.sh BUILD_DIR
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=tests/common.sh
source tests/common.sh "$1"

# shellcheck disable=SC2053 # a pattern
matches() { [[ $1 == $2 ]]; }

# Made ---------------------------------------------------------------------------------------------------
run tools/package "$build"
package=$(grep '/wherry_' <<<"$out") drop_in=$(grep '/wherry-drop-in_' <<<"$out") compiler=$(grep '/wherry-compile_' <<<"$out")
ok "three packages are made" is "$out" "$(printf '%s\n' "$build"/package/wherry-{compile,drop-in}_*_*.deb "$build"/package/wherry_*_*.deb)"
before=$(cat "$package" "$drop_in" "$compiler" | sha256sum)
run tools/package "$build"
ok "and made again they are the same" is "$(cat "$package" "$drop_in" "$compiler" | sha256sum)" "$before"
ok "the compiler is recommended, and not needed" matches "$(dpkg-deb -f "$package" Recommends)" "wherry-compile (= *), crun | runc"

# Its contents -------------------------------------------------------------------------------------------
installed=$scratch/installed
mkdir "$installed"
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$installed/var/lib/dpkg"/{info,updates,triggers}
  : >"$installed/var/lib/dpkg/status"
  run dpkg --root="$installed" --install "$package" "$drop_in" "$compiler"
  ok "they are installed" is "$status" 0
  ok "under their names" is "$(dpkg-query --root="$installed" -W -f='${Package} ${db:Status-Status} ')" "wherry installed wherry-compile installed wherry-drop-in installed "
  ok "what an administrator changes is known" matches "$(dpkg-query --root="$installed" -W -f='${Conffiles}' wherry)" "*/etc/containers/containers.conf.d/50-wherry.conf *"
else
  for each in "$package" "$drop_in" "$compiler"; do dpkg-deb -x "$each" "$installed"; done
fi
for name in wherry wasmedge wasmtime wasmer wamr; do
  run "$installed/usr/bin/containerd-shim-$name-v1" -v
  ok "the shim is there as $name" eval 'is "$status" 0 && contains "$out" wherry'
done
for verb in $(wherry --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
  ok "a man page of $verb" eval 'gzip -dc "$installed/usr/share/man/man1/wherry-$verb.1.gz" | grep -q "^.SH SYNOPSIS"'
done
for program in runtime compile; do
  ok "a man page of wherry-$program" eval 'gzip -dc "$installed/usr/share/man/man8/wherry-$program.8.gz" | grep -q "^.SH SYNOPSIS"'
done
ok "that of the compiler comes with it" eval '! dpkg-deb -c "$package" | grep wherry-compile.8'

ok "nothing is anybody's but root's" is "$(for each in "$package" "$drop_in" "$compiler"; do dpkg-deb -c "$each"; done | awk '{print $2}' | sort -u)" root/root
ok "nothing may be written by others" is "$(for each in "$package" "$compiler"; do dpkg-deb -c "$each"; done | grep -v '^l' | cut -c9 | sort -u)" -
ok "programs need nothing else" eval '! for each in "$package" "$compiler"; do dpkg-deb -f "$each" Depends; done | grep .'
export PATH="$installed/usr/bin:$PATH"
ok "what is installed is what runs" is "$(command -v wherry)" "$installed/usr/bin/wherry"
printf '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))' >"$scratch/add.wat"
wat2wasm "$scratch/add.wat" -o "$scratch/add.wasm"
run wherry run --rm --invoke add "$scratch/add.wasm" 40 2
ok "it runs a module" is "$status $out" "0 42"
run env WHERRY_TIER=compiled wherry run --rm --invoke add "$scratch/add.wasm" 40 2
ok "and compiles one" eval 'is "$status $out$err" "0 42" && [ -n "$(ls "$WHERRY_ROOT/cache/artifacts")" ]'

# Completion ---------------------------------------------------------------------------------------------
# offered WORD...: what bash would offer for the last word
offered() {
  bash -c 'source "$1"; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _wherry; printf "%s\n" "${COMPREPLY[@]}" | sort | tr "\n" " "' \
    offered "$installed/usr/share/bash-completion/completions/wherry" "$@"
}
printf 'FROM scratch\nCOPY add.wasm /\nENTRYPOINT ["/add.wasm"]\n' >"$scratch/Dockerfile"
for name in demo/adder demo/adder:old other; do
  wherry build -q --platform wasi/wasm -t "$name" "$scratch" >/dev/null || exit 1
done
wherry run --name kept --invoke add demo/adder 1 2 >/dev/null
touch "$scratch/other.txt"
ok "commands" is "$(offered wherry r)" "rm rmi run "
ok "options of wherry" is "$(offered wherry --r)" "--root --run-root "
ok "commands after an option and its value" is "$(offered wherry --root "$WHERRY_ROOT" im)" "images "
ok "options of a command" is "$(offered wherry run --en)" "--entrypoint --env --env-file "
ok "images" is "$(offered wherry rmi d)" "demo/adder demo/adder:old "
ok "images and files to compile" eval 'cd "$scratch" && is "$(offered wherry compile o)" "other other.txt "'
ok "images and files to run" eval 'cd "$scratch" && is "$(offered wherry run --rm -e A=B o)" "other other.txt "'
ok "after the image it is the guest's" eval 'cd "$scratch" && is "$(offered wherry run other -)" " "'
ok "files after the image" eval 'cd "$scratch" && is "$(offered wherry run other ot)" "other.txt "'
ok "containers" is "$(offered wherry rm k)" "kept "
ok "platforms" is "$(offered wherry build --platform '')" "wasi/wasm "
ok "files where an option takes one" eval 'cd "$scratch" && is "$(offered wherry build -f Dock)" "Dockerfile "'
ok "commands to help with" is "$(offered wherry help ta)" "tag "
finish
