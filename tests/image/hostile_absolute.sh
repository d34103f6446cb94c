#!/usr/bin/env bash
# An entry with an absolute name is refused.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/hostile
layer gzip
file /tmp/wherry-escaped x
EOF
refused "entry '/tmp/wherry-escaped': its name is absolute" wherry load -i a.tar
contains "the error names its layer" "layer sha256:" "$(cat refused.err)"
store_is_empty
