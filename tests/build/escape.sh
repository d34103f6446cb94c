# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317
# Nothing outside the context is read, whatever paths and links say.
echo secret >"$scratch/secret"
ln -s "$scratch/secret" "$ctx/absolute"
ln -s ../secret "$ctx/relative"
ln -s .. "$ctx/up"
for source in absolute relative up/secret ../secret "$scratch/secret" up/../../secret; do
  printf 'FROM scratch\nCOPY %s /x\n' "$source" | dockerfile
  build -q
  ok "not read: $source" [ "$status" -ne 0 ]
  ok "not found: $source" contains "$err" "not found in the build context"
done
printf 'FROM scratch\nCOPY . /\n' | dockerfile
build -q -t e
ok "as links they are copied" contains "$(listing_of e:latest)" "absolute -> $scratch/secret"
printf 'FROM scratch AS a\nCOPY . /\nFROM scratch\nCOPY --from=a /absolute /x\n' | dockerfile
build -q
ok "nor through a stage" contains "$err" "not found in stage 'a'"
mkfifo "$ctx/pipe"
printf 'FROM scratch\nCOPY pipe /\n' | dockerfile
refuses "Dockerfile:2: COPY: 'pipe' is neither a file, a directory nor a link"
