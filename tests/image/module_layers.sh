#!/usr/bin/env bash
# The CNCF artifact and runwasi's images become a root with one module.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
for type in application/wasm application/vnd.bytecodealliance.wasm.component.layer.v0+wasm \
  application/vnd.wasm.content.layer.v1+wasm; do
  rm -rf root
  make_image >a.tar <<EOF
name demo/module
platform wasip1/wasm
wasm \\x00asm\\x01\\x00\\x00\\x00 $type
EOF
  wherry load -q -i a.tar
  equals module module.wasm "$(ls -A "$(rootfs)")"
  equals magic 0061736d "$(head -c 4 "$(rootfs)/module.wasm" | xxd -p)"
done
