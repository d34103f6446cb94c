#!/usr/bin/env bash
# Files, folders, links, modes and times of all layers are in the root file system.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
layer gzip
dir bin 0700
file bin/tool one 0750
symlink sbin bin
hardlink bin/again bin/tool
file deep/er/file x
dir gone
file gone/a a
file mask/lower l
layer zstd
file sbin/second two
file ./bin/tool three 0640
file .wh.gone
file mask/.wh..wh..opq
file mask/upper u
layer none
file häßlich/naïve ü
file mask/.wh..wh.plnk
EOF
wherry load -q -i a.tar
cd "$(rootfs)"
equals replaced three "$(cat bin/tool)"
equals "the other name keeps the old file" one "$(cat bin/again)"
equals "through the link" two "$(cat bin/second)"
equals mode "640 700" "$(stat -c %a bin/tool bin | xargs)"
equals time 1700000000 "$(stat -c %Y bin)"
equals "implied folders" x "$(cat deep/er/file)"
[ ! -e gone ] || fail "the whiteout removed nothing"
equals opaque upper "$(ls -A mask)"
equals "names beyond ASCII" häßlich/naïve "$(echo h*/*)"
