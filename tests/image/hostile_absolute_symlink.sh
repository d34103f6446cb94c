#!/usr/bin/env bash
# A file placed through an absolute link stays in the root file system.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
mkdir victim
make_image >a.tar <<EOF
layer gzip
dir etc
symlink out /etc
symlink lost $scratch/victim
file out/passwd inside
EOF
wherry load -q -i a.tar
equals inside inside "$(cat "$(rootfs)/etc/passwd")"
make_image >b.tar <<EOF
layer gzip
symlink lost $scratch/victim
file lost/file outside
EOF
refused "entry 'lost/file': " wherry load -i b.tar
equals "the victim" "" "$(ls victim)"
