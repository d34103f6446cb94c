#!/usr/bin/env bash
# What skopeo copies into the layout is an image of the store.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
command -v skopeo >/dev/null || skip "skopeo is not installed"
make_image >a.tar <<EOF
name demo/hello
layer gzip
file hello.wasm \\x00asm\\x01\\x00\\x00\\x00
EOF
WHERRY_ROOT=$scratch/other wherry load -q -i a.tar
wherry images -q
skopeo --insecure-policy --override-os wasi --override-arch wasm copy -q \
  oci:other/images:demo/hello:latest oci:root/images:team/hello:2
contains listing "team/hello   2" "$(wherry images)"
