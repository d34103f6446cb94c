#!/usr/bin/env bash
# shellcheck disable=SC2016  # a $name in a module's text is WebAssembly's
#
# Input that is broken or means harm: each gives one clear line and a status of its own, and leaves store and
# containers as they were. tests/bad_input/run.sh BUILD_DIR
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
# shellcheck source=tests/common.sh
source tests/common.sh "$1"

# What must not change: images, containers, unpacked file systems, and what lies beside the store.
state() {
  wherry images -q 2>/dev/null
  wherry ps -a -q
  find "$scratch" -path "$scratch/store/images/blobs" -prune -o -print | grep -v -e '/\.out$' -e '/\.err$' -e 'lock$' | sort
}

# refused WHAT TEXT COMMAND...: one line that has the text, a status as Docker's, and nothing changed.
refused() {
  local what=$1 text=$2 before
  shift 2
  before=$(state)
  run "$@"
  ok "$what: status 125, 126 or 127" [ "$status" -ge 125 -a "$status" -le 127 ]
  ok "$what: one line with '$text'" one_error "$text"
  ok "$what: nothing on standard output" [ -z "$out" ]
  out=$(diff <(printf '%s\n' "$before") <(state)) || true
  ok "$what: nothing left behind" [ -z "$out" ]
}

wat() {
  wat2wasm --no-check -o "$scratch/$1.wasm" - <<<"$2" || ok "wat2wasm $1" false
}

wat hello '(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\06\00\00\00hello\n")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))))'
run wherry run --rm "$scratch/hello.wasm"
ok "a good module runs" [ "$status$out" = "0hello" ]

# Modules ---------------------------------------------------------------------------------------------------------

module() { # module NAME TEXT: $scratch/NAME.wasm is refused with TEXT
  refused "module $1" "$2" wherry run --rm "$scratch/$1.wasm"
}
size=$(stat -c %s "$scratch/hello.wasm")
for cut in 4 12 $((size / 2)) $((size - 1)); do
  head -c "$cut" "$scratch/hello.wasm" >"$scratch/cut.wasm"
  refused "module cut after $cut bytes" "cut.wasm" wherry run --rm "$scratch/cut.wasm"
done
: >"$scratch/empty.wasm"
module empty "empty.wasm"
printf 'This is not a module, whatever its name says.\n' >"$scratch/text.wasm"
module text "text.wasm"
cp /bin/true "$scratch/elf.wasm"
module elf "elf.wasm"
printf '\0asm\2\0\0\0' >"$scratch/version.wasm"
module version "version"
printf '\0asm\1\0\0\0\1\5\377\377\377\377\17' >"$scratch/count.wasm"
module count "count.wasm"
printf '\0asm\1\0\0\0\16\1\0' >"$scratch/section.wasm"
module section "section.wasm"
truncate -s 5G "$scratch/oversized.wasm"
printf '\0asm\1\0\0\0' | dd of="$scratch/oversized.wasm" conv=notrunc status=none
module oversized "oversized.wasm"
rm "$scratch/oversized.wasm"
wat invalid '(module (func (export "_start") i32.add drop))'
module invalid "invalid.wasm"
wat import '(module (import "env" "nobody_has_this" (func)) (func (export "_start")))'
module import "nobody_has_this"
wat call '(module (import "wasi_snapshot_preview1" "fd_frobnicate" (func)) (func (export "_start")))'
module call "fd_frobnicate"
wat signature '(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i64))) (func (export "_start")))'
module signature "proc_exit"
wat start '(module (func (export "other")))'
module start "_start"
wat trap '(module (func $inner unreachable) (func (export "_start") (call $inner)))'
run wherry run --rm "$scratch/trap.wasm"
ok "a trap is the guest's: status 134" [ "$status" -eq 134 ]
ok "a trap: its message" contains "$err" unreachable

# Command lines ---------------------------------------------------------------------------------------------------

refused "a module that is not there" "open module '$scratch/gone.wasm': No such file or directory" wherry run --rm "$scratch/gone.wasm"
refused "a module that is neither there nor an image" "no module and no image named 'gone.wasm'" wherry run --rm gone.wasm
refused "a directory as module" "'$scratch/' is a folder: name the module in it" wherry run --rm "$scratch/"
refused "a device as module" "'/dev/null' is not a regular file" wherry run --rm /dev/null
refused "an image that is not there" "no image named 'no/image'" wherry run --rm no/image
refused "an image name with upper case" "No/Image" wherry run --rm No/Image
refused "a volume without a place" "missing" wherry run --rm -v "missing" "$scratch/hello.wasm"
refused "a volume on a relative place" "data" wherry run --rm -v "$scratch:data" "$scratch/hello.wasm"
refused "an environment file that is not there" "$scratch/env" wherry run --rm --env-file "$scratch/env" "$scratch/hello.wasm"
refused "an export that is not there" "gone" wherry run --rm --invoke gone "$scratch/hello.wasm"

# Images ----------------------------------------------------------------------------------------------------------

lost=$(tests/bad_input/put_images "$WHERRY_ROOT" "$scratch/hello.wasm") || ok "put_images" false
run wherry run --rm bad/none
ok "a good image runs" [ "$status$out" = "0hello" ]
bad() { refused "image $1" "$2" wherry run --rm "bad/$1"; }
bad dotdot "escape"
bad dotdot-inside "escape"
bad absolute "escape"
bad symlink "out"
bad symlink-relative "out"
bad hardlink "stolen"
bad hardlink-absolute "stolen"
bad hardlink-symlink "stolen"
bad device "sda"
bad character-device "mem"
bad bomb "zeros"
bad not-tar "layer"
bad cut-tar "layer"
bad diff-id "sha256:1111"
bad manifest-json "manifest"
bad manifest-deep "manifest"
bad corrupt-layer "sha256:"
bad lost-layer "$lost"
bad platform "linux/arm64"
bad no-entrypoint "entrypoint"
# Nothing is wrong with these file systems: unpacked by a first run, they are there for the next.
for image in no-entrypoint lost-entrypoint directory-entrypoint script-entrypoint climbing-entrypoint; do
  run wherry run --rm "bad/$image"
done
bad lost-entrypoint "gone.wasm"
bad directory-entrypoint "/dir"
bad script-entrypoint "run.sh"
bad climbing-entrypoint "passwd"
ok "nothing escaped" [ -z "$(find "$scratch" / -maxdepth 1 -name escape)" ]

# A full disk -----------------------------------------------------------------------------------------------------

full_disk() {
  local context=$scratch/full
  mkdir -p "$context" "$scratch/small"
  head -c 6000000 /dev/urandom >"$context/big"
  printf 'FROM scratch\nCOPY big /big\n' >"$context/Dockerfile"
  # shellcheck disable=SC2016
  run unshare --mount --propagation private bash -c '
    mount -t tmpfs -o size=4m tmpfs "$1" || exit 99
    export WHERRY_ROOT=$1/store
    wherry images -q >/dev/null 2>&1
    find "$1" -type f ! -name "*lock" | sort >"$3.before"
    wherry build -q -t full "$2"
    code=$?
    find "$1" -type f ! -name "*lock" | sort >"$3.after"
    exit $code' _ "$scratch/small" "$context" "$scratch/files"
  ok "a full disk: fails" [ "$status" -ne 0 -a "$status" -ne 99 ]
  ok "a full disk: one line that says so" one_error "No space left on device"
  ok "a full disk: nothing left behind" cmp "$scratch/files.before" "$scratch/files.after"
}
if [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; then
  full_disk
else
  skip "a full disk" "needs root, to mount a small file system"
fi

finish
