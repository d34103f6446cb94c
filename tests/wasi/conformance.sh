# shellcheck shell=bash
# Sourced by run.sh after tests/common.sh, whose names it uses.
# shellcheck disable=SC2154
# One folder of the conformance tests: NAME.wasm, and NAME.json that says how to run it and what it prints.

# The reason for which a test may fail; fails where it may not.
expected_failure() {
  local pattern reason
  while read -r pattern reason; do
    # shellcheck disable=SC2053  # the list has patterns
    [[ $1 == $pattern ]] && echo "$reason" && return
  done < <(grep -v '^#' "$here/expected_failures.txt")
  return 1
}

json() { jq -r "$2" "$1"; }

# run_conformance MODULE JSON: in a fresh copy of the folders it names. Sets $problem, empty where it passes.
run_conformance() {
  local module=$1 spec=$2 folder directory line options=() arguments=() expected
  folder=$(dirname "$module")
  while read -r directory; do
    rm -rf "$scratch/copy" && mkdir "$scratch/copy"
    cp -R "$folder/$directory" "$scratch/copy/"
    find "$scratch/copy" -name '*.cleanup' -exec rm -rf {} +
    options+=(--dir "$scratch/copy/$directory::$directory")
  done < <(json "$spec" '.dirs // [] | .[]')
  while IFS= read -r -d '' line; do options+=(--env "$line"); done \
    < <(json "$spec" '.env // {} | to_entries[] | "\(.key)=\(.value)\u0000"' | sed -z 's/^\n//')
  while IFS= read -r -d '' line; do arguments+=("$line"); done \
    < <(json "$spec" '.args // [] | .[] | "\(.)\u0000"' | sed -z 's/^\n//')
  run timeout 60 "$runner" "${options[@]}" "$module" "${arguments[@]}" </dev/null
  problem=
  expected=$(json "$spec" '.exit_code // 0')
  [ "$status" -eq "$expected" ] || problem="exit status $status, expected $expected"
  for stream in out err; do
    expected=$(json "$spec" ".std$stream // empty")
    [ -z "$expected" ] || [ "$expected" = "${!stream}" ] || problem="std$stream: '${!stream}', expected '$expected'"
  done
}

conformance() {
  local module spec name reason
  for module in "$suite/$1"/*.wasm; do
    name=$1/$(basename "$module" .wasm)
    spec=${module%.wasm}.json
    [ -f "$spec" ] || { spec=$scratch/empty.json && echo '{}' >"$spec"; }
    if [ "$(json "$spec" 'has("operations")')" = true ]; then
      ok "$name: is described by operations, which this runner does not read" false
      continue
    fi
    run_conformance "$module" "$spec"
    if reason=$(expected_failure "$name"); then
      if [ -n "$problem" ]; then skip "$name" "$reason"; else ok "$name: passes, but is expected to fail: $reason" false; fi
    else
      ok "$name${problem:+: $problem}" [ -z "$problem" ]
    fi
  done
}
