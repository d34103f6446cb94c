#!/usr/bin/env bash
# A corrupt blob is named by its digest: on the way in, and in the store.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
make_image >bad.tar <<EOF
layer gzip
file a b
corrupt layer
EOF
refused "is corrupt: its contents are sha256:" wherry load -i bad.tar
store_is_empty
make_image >a.tar <<EOF
name demo/a
layer gzip
file a b
EOF
wherry load -q -i a.tar
config=$(jq -r .config.digest root/images/blobs/sha256/"$(wherry images -q --no-trunc | cut -d: -f2)")
printf x >>"root/images/blobs/sha256/${config#sha256:}"
refused "blob $config is corrupt" wherry save -o out.tar demo/a
[ ! -e out.tar ] || fail "half an archive"
wherry rmi demo/a >/dev/null
store_is_empty
