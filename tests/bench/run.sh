#!/usr/bin/env bash
# tests/bench/run.sh BUILD_DIR: every kernel of bench/ prints in Wherry's engine what it prints natively. Each
# is compiled three ways, so that the engine also meets what the optimiser makes of sizes and of SIMD, and run
# interpreted and as native code. Then one kernel through the harness itself.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
# shellcheck source=tests/common.sh
source tests/common.sh "$1"
# shellcheck source=tests/interop/outside.sh
source tests/interop/outside.sh

# shellcheck disable=SC2317 # called through run and ok
compile() { clang-19 -std=gnu11 -ffp-contract=off "$@"; }
to_wasm=(--target=wasm32-wasi --sysroot=/usr "-Wl,--strip-debug")
declare -A variants=(
  [speed]="-O2"
  [size]="-Oz"
  [features]="-O3 -msimd128 -mbulk-memory -msign-ext -mnontrapping-fptoint -mmultivalue"
)
# shellcheck disable=SC2317
printed() { [ "$status" -eq 0 ] && [ -z "$err" ] && [ "$out" = "$1" ]; }

check_kernel() {
  local source=$1 name variant module wanted flags
  name=$(basename "$source" .c)
  run compile -O2 "$source" -o "$scratch/native"
  ok "$name compiles" [ "$status" -eq 0 ] || return
  wanted=$("$scratch/native" 1)
  for variant in "${!variants[@]}"; do
    module=$scratch/$name.$variant.wasm
    read -ra flags <<<"${variants[$variant]}"
    run compile "${flags[@]}" "${to_wasm[@]}" "$source" -o "$module"
    ok "$name compiles for $variant" [ "$status" -eq 0 ] || continue
    run timeout 120 "$engine" "$module" 1
    ok "$name ($variant) is as native" printed "$wanted"
    run "$build/bin/wherry-compile" "$module" "$scratch/artifact"
    ok "wherry-compile compiles $name ($variant)" [ "$status" -eq 0 ] || continue
    run env WHERRY_ARTIFACT="$scratch/artifact" "$engine" "$module" 1
    ok "$name ($variant), compiled, is as native" printed "$wanted"
  done
}

# In the root of tests/interop: there is no WasmEdge in it, which is to be said.
# shellcheck disable=SC2016,SC2034
check_shim_section() {
  local root bench enter wanted=(--build "$build" --quick --section shim --without engine wasmedge node)
  if [ "$(id -u)" -ne 0 ] || ! findmnt -rn -t cgroup,cgroup2 >/dev/null; then
    skip "containers by containerd" "no root or no cgroups"
    return
  fi
  if ! root=$(root_of trixie 2>"$scratch/why"); then
    skip "containers by containerd" "$(tail -n 1 "$scratch/why")"
    return
  fi
  mkdir "$scratch/cache"
  ln -s "$root" "$scratch/cache/trixie"
  export WHERRY_BENCH_CACHE=$scratch/cache
  run bench/run "${wanted[@]}"
  ok "bench/run measures containers by containerd" grep -q '^| runc, native .* 1.00x .* 1.00x |$' <<<"$out"
  ok "ours in every table" [ "$(grep -c '^| wherry, Wasm .* |$' <<<"$out")" = 3 ]
  ok "and how guests are stopped" grep -q '^| one that spins .* |$' <<<"$out"
  ok "and says what it could not" [ "$(grep -c '^- skipped' <<<"$out"):$(grep -c '^- skipped .*no WasmEdge' <<<"$out")" = 1:1 ]
  bench/run "${wanted[@]}" >"$scratch/ended" 2>&1 &
  bench=$!
  wait_until eval 'enter=$(pgrep -P $bench -f tests/enter) && pgrep -g "$enter" ctr'
  kill -TERM $bench
  wait $bench
  ok "it may be ended" eval '[ -n "$enter" ] && ! grep -q "^| wherry" "$scratch/ended"'
  wait_until eval '! pgrep -g "$enter"' # the last of them may not have been reaped yet
  ok "and leaves nothing" eval '! pgrep -g "$enter" >/dev/null && [ -z "$(find /sys/fs/cgroup -name "wherry-test.$enter")" ]'
}

run cmake --build "$build" --target engine_bench
ok "engine_bench builds" [ "$status" -eq 0 ] || finish
engine=$build/bench/engine_bench

if command -v clang-19 >/dev/null && [ -e /usr/lib/wasm32-wasi/libc.a ]; then
  for source in bench/kernels/*.c; do check_kernel "$source"; done
else
  skip kernels "no clang-19 or no wasi-libc to compile them with"
fi

if command -v python3 >/dev/null; then
  run bench/run --build "$build" --quick --only sort --engine --without wasmedge node
  ok "bench/run measures a kernel" grep -q '^| sort .*[0-9]x ' <<<"$out"
  run bench/run --build "$build" --quick --section compiled --only sort --without wasmedge node
  ok "bench/run measures a compiled kernel" [ "$(grep -c '^| sort .*[0-9]x ' <<<"$out")" = 2 ]
  ok "and calls of the host" grep -q '^| compiled .*[0-9] |$' <<<"$out"
  ok "and leaves no container" [ -z "$(wherry ps -aq)" ]
  if [ "$(id -u)" = 0 ] && command -v crun >/dev/null; then
    run bench/run --build "$build" --quick --section runtime --without wasmedge node
    ok "bench/run measures containers" grep -q '^| with a cgroup: crun, native .* 1.00x ' <<<"$out"
  else
    skip "containers by OCI runtimes" "no root or no crun"
  fi
  check_shim_section
else
  skip bench/run "no python3"
fi
finish
