# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317
# Files written in the Dockerfile itself.
dockerfile <<'D'
FROM scratch
ARG name=world
COPY <<EOF /one
hello "$name" '${name}' \$name
EOF
COPY --chmod=600 <<'RAW' <<-TAB /dir/
raw $name \
RAW
	no tabs
	TAB
D
build -t h
ok "built" succeeded
ok "variables, quotes, escapes" same "$(file_of h:latest one)" "hello \"world\" 'world' \$name"
ok "a quoted name keeps all" same "$(file_of h:latest dir/RAW)" "raw \$name \\"
ok "tabs go" same "$(file_of h:latest dir/TAB)" "no tabs"
ok "modes" same "$(listing_of h:latest | grep -c '^-rw-------')" 2
run wherry build -q -t stdin -f - "$ctx" <<'D'
FROM scratch
COPY <<E /e
x
E
D
ok "a Dockerfile on standard input" succeeded
printf 'FROM scratch\nCOPY <<E /x\nnever closed\n' | dockerfile
refuses "Dockerfile:2: here-document '<<E' is never closed: expected a line 'E'"
