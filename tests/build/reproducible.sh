# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317
# With SOURCE_DATE_EPOCH the digest depends on names, modes and contents alone.
make_files() {
  mkdir -p "$1/d/e"
  echo one >"$1/d/e/a"
  echo two >"$1/d/b"
  ln -sf b "$1/d/link"
  printf 'FROM scratch\nCOPY d /d/\nWORKDIR /w/x\nADD Dockerfile /\nENTRYPOINT ["/a"]\n' >"$1/Dockerfile"
  find "$1" -type d -exec chmod 755 {} +
  find "$1" -type f -exec chmod 644 {} +
}
make_files "$ctx"
export SOURCE_DATE_EPOCH=1700000000
build -q
first=$out
ok "built" succeeded
new_context
make_files "$ctx"
find "$ctx" -exec touch -h -d '2001-02-03' {} +
build -q -t again
ok "other times, another folder, another store: the same digest" same "$out" "$first"
ok "created" same "$(setting again:latest .created)" 2023-11-14T22:13:20Z
ok "every entry has that time" same "$(tar -tvf "$(layers_of again:latest | head -1)" --full-time --utc | awk '{print $4, $5}' | sort -u)" '2023-11-14 22:13:20'
unset SOURCE_DATE_EPOCH
build -q --build-arg SOURCE_DATE_EPOCH=1700000000
ok "as a build argument" same "$out" "$first"
chmod 600 "$ctx/d/b"
build -q --build-arg SOURCE_DATE_EPOCH=1700000000
ok "another mode is another image" [ "$out" != "$first" ]
chmod 644 "$ctx/d/b"
build -q -t times
ok "without it: the files' own times" contains "$(tar -tvf "$(layers_of times:latest | head -1)" --full-time)" '2001-02-03'
if [ "$(id -u)" -eq 0 ]; then
  export SOURCE_DATE_EPOCH=1700000000
  WHERRY_ROOT=$scratch/user-store
  install -d -o 65534 -g 65534 "$WHERRY_ROOT"
  run setpriv --reuid=65534 --regid=65534 --clear-groups "$build/bin/wherry" build -q "$ctx"
  ok "an ordinary user builds the same" same "$out" "$first"
  unset SOURCE_DATE_EPOCH
else
  skip "root and user build the same" "not root"
fi
