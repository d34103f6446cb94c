# shellcheck shell=bash disable=SC2154
# `source tests/probe/contexts.sh` from the project's root, with $scratch set:
#   make_contexts   makes the build contexts $scratch/contexts/{native,wasm}: an image of the probe, once of each kind
#   kept_transcript NAME FILE...   where the transcript NAME is kept from run to run, as long as the files are the same
#   keep_transcript FILE PLACE   keeps it there if it is whole, and none of that name made of other files

make_contexts() {
  local kind
  for kind in native wasm; do
    mkdir -p "$scratch/contexts/$kind/root/srv" "$scratch/contexts/$kind/root/etc"
  done
  clang-19 -O1 -Wall -Wextra -Werror -static -o "$scratch/contexts/native/root/probe" tests/probe/probe.c &&
    clang-19 --target=wasm32-wasi -O1 -Wall -Wextra -Werror -o "$scratch/contexts/wasm/root/probe" tests/probe/probe.c ||
    return
  for kind in native wasm; do
    (
      cd "$scratch/contexts/$kind/root" || exit
      cp probe srv/copy
      echo 'found by its relative name' >srv/relative.txt
      chmod 644 srv/relative.txt
      ln -s relative.txt srv/link
      echo 'root:x:0:0::/root:/' >etc/passwd
    )
    printf 'FROM scratch\nCOPY root /\nENV SHAPE=round\nWORKDIR /\nENTRYPOINT ["/probe"]\n' \
      >"$scratch/contexts/$kind/Dockerfile"
  done
}

cache() { echo "${WHERRY_TEST_CACHE:-/var/cache/wherry-tests}"; }
kept_transcript() {
  local name=$1
  shift
  cat "$@" | sha256sum | sed "s|^\(.\{16\}\).*|$(cache)/$name-\1.native|"
}
keep_transcript() {
  local other
  [[ "$(tests/probe/compare itself "$1" "$1" | tail -n 1)" == *", 0 failed, "* ]] || return
  for other in "${2%-*}"-*.native; do [ "$other" = "$2" ] || rm -f "$other"; done
  cp "$1" "$2.part" && mv "$2.part" "$2"
}
