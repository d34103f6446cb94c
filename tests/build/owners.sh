# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317
# --chown by number and by the stage's own accounts, --chmod octal and symbolic, USER and WORKDIR.
echo x >"$ctx/f"; chmod 640 "$ctx/f"; mkdir "$ctx/d"; chmod 755 "$ctx/d"; cp -p "$ctx/f" "$ctx/d/g"
printf 'root:x:0:0::/:\nweb:x:101:102::/:\n' >"$ctx/passwd"
printf 'root:x:0:\nstaff:x:50:\n' >"$ctx/group"
dockerfile <<'D'
FROM scratch
COPY passwd group /etc/
COPY --chown=web f /1
COPY --chown=web:staff f /2
COPY --chown=7 f /3
COPY --chown=7:8 f /new/4
COPY --chmod=755 f /5
COPY --chmod=u=rwX,go=rX d /6/
ARG who=web:9
COPY --chown=$who f /7
USER web
WORKDIR /home/web
D
build -t o
ok "built" succeeded
list=$(listing_of o:latest)
ok "user by name, its group" contains "$list" "-rw-r----- 101/102 2 1"
ok "group by name" contains "$list" "-rw-r----- 101/50 2 2"
ok "a number is the group too" contains "$list" "-rw-r----- 7/7 2 3"
ok "both numbers" contains "$list" "-rw-r----- 7/8 2 new/4"
ok "directories on the way" contains "$list" "drwxr-xr-x 7/8 0 new/"
ok "octal mode" contains "$list" "-rwxr-xr-x 0/0 2 5"
ok "symbolic mode" contains "$list" "-rw-r--r-- 0/0 2 6/g"
ok "variables in the flag" contains "$list" "-rw-r----- 101/9 2 7"
ok "WORKDIR belongs to USER" contains "$list" "drwxr-xr-x 101/102 0 home/web/"
for bad in nobody web:wheel; do
  printf 'FROM scratch\nCOPY passwd group /etc/\nCOPY --chown=%s f /\n' "$bad" | dockerfile
  refuses "Dockerfile:3: COPY: flag '--chown': no "
done
printf 'FROM scratch\nCOPY --chmod=9 f /\n' | dockerfile
refuses "Dockerfile:2: COPY: flag '--chmod': mode '9' is neither octal"
