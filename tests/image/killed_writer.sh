#!/usr/bin/env bash
# A process killed while it loads leaves a usable store, and its garbage is collected.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/a
layer none
zeros big 40000000
EOF
for delay in 0.01 0.02 0.04 0.08; do
  "$WHERRY" load -q -i a.tar & pid=$!
  sleep $delay
  kill -9 $pid 2>/dev/null || true
  wait $pid 2>/dev/null || true
  wherry images >/dev/null
done
mkfifo pipe
"$WHERRY" load -q <pipe & pid=$!
exec 3>pipe
head -c 20000000 a.tar >&3
until [ -n "$(ls root/tmp 2>/dev/null)" ]; do sleep 0.05; done
kill -9 $pid
wait $pid 2>/dev/null || true
exec 3>&-
wherry load -q -i a.tar
wherry rmi demo/a >/dev/null
store_is_empty
