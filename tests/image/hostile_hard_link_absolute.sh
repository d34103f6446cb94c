#!/usr/bin/env bash
# A hard link to an absolute name is refused.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/hostile
layer gzip
hardlink passwd /etc/passwd
EOF
refused "hard link to '/etc/passwd': its name is absolute" wherry load -i a.tar
contains "the error names its layer" "layer sha256:" "$(cat refused.err)"
store_is_empty
