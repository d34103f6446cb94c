#!/usr/bin/env bash
# A hard link to the outside is refused.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/hostile
layer gzip
hardlink passwd ../../../etc/passwd
EOF
refused "entry 'passwd': hard link to '../../../etc/passwd': its name climbs out by '..'" wherry load -i a.tar
contains "the error names its layer" "layer sha256:" "$(cat refused.err)"
store_is_empty
