#!/usr/bin/env bash
# What is saved loads again as the same image, and saves as the same bytes.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/hello:1
layer zstd
file hello.wasm \\x00asm\\x01\\x00\\x00\\x00
EOF
wherry load -q -i a.tar
wherry save -o b.tar demo/hello:1
id=$(wherry images -q)
wherry rmi demo/hello:1 >/dev/null
store_is_empty
gzip -c b.tar | wherry load -q
equals id "$id" "$(wherry images -q demo/hello:1)"
wherry save demo/hello:1 | cmp - b.tar
