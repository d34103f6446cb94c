#!/usr/bin/env bash
# A device node is refused.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/hostile
layer gzip
device dev/null
EOF
refused "entry 'dev/null': it is a device node" wherry load -i a.tar
contains "the error names its layer" "layer sha256:" "$(cat refused.err)"
store_is_empty
