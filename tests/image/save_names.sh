#!/usr/bin/env bash
# An image with several names is saved by those that are asked for, and by ID without one.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/hello:1
layer
file hello.wasm \\x00asm\\x01\\x00\\x00\\x00
EOF
wherry load -q -i a.tar
wherry tag demo/hello:1 demo/hello:2
wherry tag demo/hello:1 other
id=$(wherry images -q | head -n 1)
names() { tar -xOf "$1" index.json | jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"] // "none"' | sort | tr '\n' ' '; }
wherry save -o one.tar demo/hello:2
equals "the one asked for" "demo/hello:2 " "$(names one.tar)"
wherry save -o two.tar other demo/hello:1
equals "both" "demo/hello:1 other:latest " "$(names two.tar)"
wherry save -o id.tar "$id"
equals "by ID" "none " "$(names id.tar)"
wherry save -o mixed.tar "$id" other
equals "by ID and name" "other:latest " "$(names mixed.tar)"
wherry rmi demo/hello:1 demo/hello:2 other >/dev/null
wherry load -q -i one.tar
equals "loaded again" "$id" "$(wherry images -q demo/hello:2)"
contains "the others are not" "no image named" "$(wherry inspect other 2>&1 || true)"
