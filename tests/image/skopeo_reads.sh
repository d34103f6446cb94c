#!/usr/bin/env bash
# skopeo reads the store as it is, by familiar name and tag.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
command -v skopeo >/dev/null || skip "skopeo is not installed"
make_image >a.tar <<EOF
name demo/hello_webassembly
config {"Labels": {"x": "y"}}
layer gzip
file hello.wasm \\x00asm\\x01\\x00\\x00\\x00
EOF
wherry load -q -i a.tar
inspected=$(skopeo --override-os wasi --override-arch wasm inspect "oci:root/images:demo/hello_webassembly:latest")
equals os wasi "$(jq -r .Os <<<"$inspected")"
equals label y "$(jq -r .Labels.x <<<"$inspected")"
equals digest "$(wherry images -q --no-trunc)" "$(jq -r .Digest <<<"$inspected")"
