#!/usr/bin/env bash
# A symbolic link to the outside is refused.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/hostile
layer gzip
symlink a/out ../../etc
EOF
refused "entry 'a/out': a symbolic link to '../../etc', which is outside of the image" wherry load -i a.tar
contains "the error names its layer" "layer sha256:" "$(cat refused.err)"
store_is_empty
