#!/usr/bin/env bash
# A loaded image is listed by its familiar name, inspected, tagged and removed.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/hello:latest
config {"Entrypoint": ["/hello.wasm"], "Env": ["A=b"]}
layer gzip
file hello.wasm \\x00asm\\x01\\x00\\x00\\x00
EOF
equals loaded "Loaded image: demo/hello:latest" "$(wherry load -i a.tar)"
contains listing "demo/hello   latest" "$(wherry images)"
equals platform wasi/wasm "$(wherry inspect demo/hello | jq -r '.[0] | .Os + "/" + .Architecture')"
equals entrypoint /hello.wasm "$(wherry inspect demo/hello | jq -r '.[0].Config.Entrypoint[0]')"
id=$(wherry images -q)
wherry tag "${id:0:5}" demo/hello:1.0
equals rows 2 "$(wherry images demo/hello | grep -c demo/hello)"
equals rows 1 "$(wherry images --json demo/hello:1.0 | jq -r .Tag | wc -l)"
refused "has 2 names" wherry rmi "$id"
equals untagged "Untagged: demo/hello:latest" "$(wherry rmi demo/hello)"
contains deleted "Deleted: sha256:$id" "$(wherry rmi demo/hello:1.0)"
store_is_empty
