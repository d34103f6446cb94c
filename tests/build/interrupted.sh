# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317
# An interrupt, and a disk that fills up, leave the store as it was.
truncate -s 40G "$ctx/big"
printf 'FROM scratch\nCOPY big /\n' | dockerfile
echo x >"$ctx/x"
run wherry build -q -t before -f - "$ctx" <<<$'FROM scratch\nCOPY x /'
before=$(state_of_store)
wherry build -q -t big "$ctx" >/dev/null 2>"$scratch/interrupt.err" &
pid=$!
for _ in $(seq 100); do
  [ -n "$(find "$WHERRY_ROOT/tmp" -type f -size +0 2>/dev/null)" ] && break
  sleep 0.1
done
kill -INT "$pid" 2>/dev/null || kill -TERM "$pid"
sleep 0.2
kill -TERM "$pid" 2>/dev/null
wait "$pid"
status=$?
ok "the interrupt ends it" [ "$status" -ge 128 ]
ok "the store after an interrupt" same "$(state_of_store)" "$before"
rm "$ctx/big"
if [ "$(id -u)" -eq 0 ] && mkdir "$scratch/small" && mount -t tmpfs -o size=2m none "$scratch/small" 2>/dev/null; then
  WHERRY_ROOT=$scratch/small/store
  head -c 8000000 /dev/urandom >"$ctx/big"
  run wherry build -q -f - "$ctx" <<<$'FROM scratch\nCOPY x /'
  before=$(state_of_store)
  refuses "No space left on device"
  umount "$scratch/small"
else
  skip "full disk" "not root, or no tmpfs here"
fi
