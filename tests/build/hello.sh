# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317
# The example's own Dockerfile gives one manifest for wasi/wasm that skopeo reads.
cp examples/hello/Dockerfile "$ctx/"
mkdir -p "$ctx/target/wasm32-wasi/release"
printf '\0asm\1\0\0\0' >"$ctx/target/wasm32-wasi/release/hello.wasm"
build --load --platform wasi/wasm -t demo/hello_webassembly
ok "hello builds" succeeded
ok "the digest is the result" same "$out" "sha256:$(manifest_of demo/hello_webassembly:latest | sha256sum | cut -d' ' -f1)"
ok "progress names the step" contains "$err" "[1/1] COPY --link target/"
ok "one manifest" same "$(manifest_of demo/hello_webassembly:latest | jq -r .mediaType)" application/vnd.oci.image.manifest.v1+json
run skopeo inspect "$(layout demo/hello_webassembly:latest)"
ok "skopeo inspects it" succeeded
ok "os" same "$(jq -r .Os <<<"$out")" wasi
ok "architecture" same "$(jq -r .Architecture <<<"$out")" wasm
ok "entrypoint" same "$(setting demo/hello_webassembly:latest .config.Entrypoint)" '["/hello.wasm"]'
ok "one layer" same "$(names_of demo/hello_webassembly:latest)" hello.wasm
ok "diff id is the digest of the tar" same "$(setting demo/hello_webassembly:latest '.rootfs.diff_ids[0]')" \
  "sha256:$(gzip -dc "$(layers_of demo/hello_webassembly:latest)" | sha256sum | cut -d' ' -f1)"
ok "history" same "$(setting demo/hello_webassembly:latest '[.history[] | .empty_layer // false]')" '[true,false]'
run wherry images
ok "listed" contains "$out" demo/hello_webassembly
build -q --iidfile "$scratch/iid" -t a:1 -t b:2
ok "quiet: nothing but the digest" same "$err" ""
ok "iidfile" same "$(cat "$scratch/iid")" "$out"
run wherry inspect b:2
ok "the second name" succeeded
