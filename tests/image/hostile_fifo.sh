#!/usr/bin/env bash
# A fifo is refused.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/hostile
layer gzip
fifo pipe
EOF
refused "entry 'pipe': it is neither file, folder nor link" wherry load -i a.tar
contains "the error names its layer" "layer sha256:" "$(cat refused.err)"
store_is_empty
