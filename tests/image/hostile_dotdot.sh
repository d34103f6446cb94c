#!/usr/bin/env bash
# An entry that climbs out by '..' is refused, and nothing is left of the image.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/hostile
layer gzip
file a/../../../../../../tmp/wherry-escaped x
EOF
refused "entry 'a/../../../../../../tmp/wherry-escaped': its name climbs out by '..'" wherry load -i a.tar
contains "the error names its layer" "layer sha256:" "$(cat refused.err)"
store_is_empty
