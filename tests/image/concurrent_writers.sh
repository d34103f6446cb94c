#!/usr/bin/env bash
# Processes that load, tag and remove at once lose nothing of each other's.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
for i in 1 2 3 4; do
  make_image >"$i.tar" <<EOF
name demo/image$i
layer gzip
file shared same
layer gzip
file own $i
EOF
done
for i in 1 2 3 4; do
  (
    for _ in 1 2 3; do
      wherry load -q -i "$i.tar"
      wherry tag "demo/image$i" "demo/other$i"
      wherry rmi "demo/image$i" "demo/other$i" >/dev/null
    done
    wherry load -q -i "$i.tar"
  ) &
done
wait
equals images 4 "$(wherry images -q | wc -l)"
for i in 1 2 3 4; do wherry save "demo/image$i" >/dev/null; done
