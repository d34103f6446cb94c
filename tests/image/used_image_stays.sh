#!/usr/bin/env bash
# An image that a container stands on is not removed, and its blobs are not collected.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >a.tar <<EOF
name demo/a
layer gzip
file a b
EOF
wherry load -q -i a.tar
layer=root/layers/$(wherry images -q --no-trunc | tr : -).c1
# Without its container it would be what a killed process left.
mkdir -p "$layer" root/containers/c1
touch root/containers/c1/record
refused "image 'demo/a' is used by container 'c1'" wherry rmi demo/a
refused "is used by container 'c1'" wherry rmi -f "$(wherry images -q)"
rm -r "$layer" root/containers/c1
wherry rmi demo/a >/dev/null
store_is_empty
