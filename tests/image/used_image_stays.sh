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
mkdir -p root/containers/c1
wherry images -q --no-trunc >root/containers/c1/image
refused "image 'demo/a' is used by container 'c1'" wherry rmi demo/a
refused "is used by container 'c1'" wherry rmi -f "$(wherry images -q)"
rm -r root/containers/c1
wherry rmi demo/a >/dev/null
store_is_empty
