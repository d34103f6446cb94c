#!/usr/bin/env bash
# A full disk leaves store and images as they were.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
[ "$(id -u)" -eq 0 ] || skip "mounting a small file system needs root"
make_image >a.tar <<EOF
name demo/small
layer none
file a b
EOF
make_image >b.tar <<EOF
name demo/big
layer none
zeros big 3000000
EOF
export scratch WHERRY MAKE_IMAGE
unshare -m bash -euo pipefail <<'INNER' || fail "see above"
mkdir root && mount -t tmpfs -o size=4m tmpfs root
"$WHERRY" load -q -i a.tar
before=$(find root | sort)
"$WHERRY" load -i b.tar 2>err && exit 1
grep -q "No space left on device" err || { cat err; exit 1; }
[ "$(wc -l <err)" = 1 ]
[ "$before" = "$(find root | sort)" ] || { find root; exit 1; }
"$WHERRY" images | grep -q demo/small
INNER
