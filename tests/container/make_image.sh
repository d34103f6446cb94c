#!/usr/bin/env bash
# make_image.sh STORE NAME PLATFORM FOLDER CONFIG: an image of one layer, FOLDER, in the store's OCI layout,
# written without Wherry's own builder. CONFIG is the "config" object of the image's configuration.
set -euo pipefail
layout=$1/images name=$2 platform=$3 folder=$4 config=$5
blobs=$layout/blobs/sha256
mkdir -p "$blobs"
put() { # a file into the layout; prints "digest size"
  local digest size
  digest=$(sha256sum "$1" | cut -d' ' -f1)
  size=$(stat -c %s "$1")
  mv "$1" "$blobs/$digest"
  echo "sha256:$digest $size"
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -C "$folder" --owner=0 --group=0 --numeric-owner -cf "$work/layer" .
read -r layer layer_size < <(put "$work/layer")
printf '{"architecture":"%s","os":"%s","config":%s,"rootfs":{"type":"layers","diff_ids":["%s"]}}' \
  "${platform#*/}" "${platform%/*}" "$config" "$layer" >"$work/config"
read -r config_digest config_size < <(put "$work/config")
manifest=application/vnd.oci.image.manifest.v1+json
printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":%s}]}' \
  "$manifest" "$config_digest" "$config_size" "$layer" "$layer_size" >"$work/manifest"
read -r digest size < <(put "$work/manifest")
entry=$(printf '{"mediaType":"%s","digest":"%s","size":%s,"annotations":{"io.containerd.image.name":"docker.io/library/%s:latest","org.opencontainers.image.ref.name":"%s:latest"}}' \
  "$manifest" "$digest" "$size" "$name" "$name")
entries=''
if [ -f "$layout/index.json" ]; then
  entries=$(sed 's/^{"schemaVersion":2,"manifests":\[//; s/\]}$//' "$layout/index.json")
fi
printf '{"schemaVersion":2,"manifests":[%s%s]}' "${entries:+$entries,}" "$entry" >"$layout/index.json"
echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
