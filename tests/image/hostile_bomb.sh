#!/usr/bin/env bash
# A layer that expands a thousandfold is refused while it is small.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
layer gzip
zeros big 300000000
EOF
refused "expands more than 500-fold" wherry load -i a.tar
store_is_empty
