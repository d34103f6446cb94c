#!/usr/bin/env bash
# A layer that is not what the config says is refused.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/hostile
layer gzip
file a b
wrong-diff-id
EOF
refused "but the image's config says sha256:0000" wherry load -i a.tar
contains "the error names its layer" "layer sha256:" "$(cat refused.err)"
store_is_empty
