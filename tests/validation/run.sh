#!/usr/bin/env bash
# The OCI's own validation programs with Linux payloads, given to Wherry and to the runtime that it hands them to:
#   run.sh BUILD_DIR [PROGRAM...]
# What the programs report is the same, result by result: all of them for crun; for runc those that are about a
# runtime's verbs (all where programs are named).
#
# go.mod says which version of runtime-tools, go.sum what its bytes have to be. The programs are compiled once and kept
# in $WHERRY_TEST_CACHE; they run on machines of their own (tests/enter).
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
here=tests/validation
# shellcheck source=tests/common.sh
source tests/common.sh "$1"
shift

tools=github.com/opencontainers/runtime-tools
cache=${WHERRY_TEST_CACHE:-/var/cache/wherry-tests}
programs=$cache/validation-$(cat $here/go.mod $here/go.sum | sha256sum | head -c 16)
lanes=4                      # machines for each runtime: most of the time is waiting
slow='delete|kill|pidfile'   # a lane each: these wait for ten seconds and more
racing='killsig'             # signals a shell that may not have set its trap yet: asked again where two differ

# go in the folder of our go.mod, with nothing of this user's: neither settings nor modules.
go_here() {
  (cd "$scratch/build" && env HOME="$scratch/go" GOFLAGS='-mod=readonly -modcacherw -trimpath' GOENV=off GOWORK=off \
    GOTOOLCHAIN=local GOPATH="$scratch/go" GOCACHE="$scratch/go/cache" GOPROXY="${proxy:-direct}" CGO_ENABLED=0 go "$@")
}

# In $programs: what the programs look for in their directory, and bin/ with one of each.
compile_programs() {
  local proxy source
  command -v go >/dev/null || skip_all "no go here to compile runtime-tools with"
  proxy=$(go env GOPROXY)
  mkdir -p "$scratch/build" "$scratch/go" "$cache" || exit
  cp $here/go.mod $here/go.sum "$scratch/build/"
  # What has been tampered with is no reason to skip: that says "SECURITY ERROR" or "mismatch".
  if ! go_here list -deps $tools/validation/... $tools/cmd/runtimetest >"$scratch/list" 2>"$scratch/list.err" &&
    ! grep -qi -e 'security error' -e mismatch "$scratch/list.err"; then
    skip_all "the modules of runtime-tools cannot be had: $(tail -n 1 "$scratch/list.err")"
  fi
  rm -rf "$programs".part && mkdir -p "$programs.part/bin" &&
    go_here build -ldflags='-s -w' -o "$programs.part/bin/" $tools/validation/... $tools/cmd/runtimetest &&
    source=$(go_here list -m -f '{{.Dir}}' $tools) &&
    cp "$source/rootfs-amd64.tar.gz" "$programs.part/" &&
    mv "$programs.part/bin/runtimetest" "$programs.part/" &&
    chmod -R a+rX "$programs.part" && mv "$programs.part" "$programs"
}

# lane NUMBER NAME: the programs of that lane for a runtime.
lane() {
  grep -xE "$slow" <<<"${chosen[$2]}" | awk -v lane="$1" -v lanes=$lanes 'NR % lanes == lane'
  grep -vxE "$slow" <<<"${chosen[$2]}" | awk -v lane="$1" -v lanes=$lanes 'NR % lanes == lane'
}

# validate RUNTIME LINUX_RUNTIME FOLDER: in the background, the programs for LINUX_RUNTIME; what they say is in that
# folder of $scratch/shared.
validate() {
  local number programs_here
  mkdir "$scratch/shared/$3"
  for number in $(seq 0 $((lanes - 1))); do
    mapfile -t programs_here < <(lane "$number" "$(basename "$2")")
    [ ${#programs_here[@]} -eq 0 ] && continue
    ask "$1" "$2" "$3" "${programs_here[@]}" >"$scratch/$3.$number" 2>&1 &
  done
}

# ask RUNTIME LINUX_RUNTIME FOLDER PROGRAM...
ask() {
  timeout 300 tests/enter / "$scratch/shared" /shared/inside.sh "$1" "$2" "/shared/$3" "${@:4}" </dev/null
}

# compare PROGRAM NAME: whether both reported the same. What is asked again has the machine to itself.
compare() {
  local tries=1
  [[ "$1" =~ ^($racing)$ ]] && tries=4
  while true; do
    run $here/compare.py "$1" "$scratch/shared/$2" "$scratch/shared/wherry-$2"
    [ "$status" -eq 0 ] || [ $((tries -= 1)) -eq 0 ] && return
    ask "${path[$2]}" "${path[$2]}" "$2" "$1" >"$scratch/$2.again" 2>&1
    ask /shared/wherry-runtime "${path[$2]}" "wherry-$2" "$1" >"$scratch/wherry-$2.again" 2>&1
  done
}

needs_machines
[ "$(uname -m)" = x86_64 ] || skip_all "runtime-tools has no root file system for $(uname -m)"
if [ ! -d "$programs" ]; then
  find "$cache" -maxdepth 1 -name 'validation-*' -exec rm -rf {} + 2>/dev/null
  compile_programs || {
    ok "the validation programs compile" false
    finish
  }
fi

mkdir "$scratch/shared"
cp -r "$programs"/. "$build/bin/wherry-runtime" $here/inside.sh "$scratch/shared/"
declare -A chosen path
if [ $# -gt 0 ]; then
  chosen[crun]=$(printf '%s\n' "$@")
  chosen[runc]=${chosen[crun]}
else
  chosen[crun]=$(basename -a "$programs"/bin/*)
  chosen[runc]=$(grep -vE '^(linux|process|root)_|^(default|hostname|mounts|process)$' <<<"${chosen[crun]}")
fi
compared=()
for name in crun runc; do
  if ! theirs=$(PATH=$PATH:/usr/sbin:/sbin command -v $name); then
    skip "validation with $name" "no $name here"
    continue
  fi
  path[$name]=$theirs
  validate "$theirs" "$theirs" "$name"
  validate /shared/wherry-runtime "$theirs" "wherry-$name"
  compared+=("$name")
done
wait
for name in "${compared[@]}"; do
  for program in ${chosen[$name]}; do
    compare "$program" "$name"
    ok "$program as $name gives it" [ "$status" -eq 0 ]
  done
done
finish
