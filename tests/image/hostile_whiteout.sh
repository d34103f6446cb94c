#!/usr/bin/env bash
# A whiteout of '..' is refused.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/hostile
layer gzip
file a/.wh...
EOF
refused "entry 'a/.wh...': it removes no file that could exist" wherry load -i a.tar
contains "the error names its layer" "layer sha256:" "$(cat refused.err)"
store_is_empty
