# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317
# ADD unpacks local archives, and only those.
mkdir -p "$ctx/in/d"
echo 1 >"$ctx/in/f"; echo 2 >"$ctx/in/d/g"; ln -s f "$ctx/in/l"; ln "$ctx/in/f" "$ctx/in/h"
tar -C "$ctx/in" --owner=5 --group=6 -cf "$ctx/a.tar" .
gzip -k "$ctx/a.tar"; zstd -q "$ctx/a.tar"; xz -k "$ctx/a.tar"
echo plain | gzip >"$ctx/plain.gz"
for archive in a.tar a.tar.gz a.tar.zst a.tar.xz; do
  printf 'FROM scratch\nADD %s /x/\n' "$archive" | dockerfile
  build -q -t a
  ok "$archive: builds" succeeded
  ok "$archive: unpacked" same "$(names_of a:latest)" "x/ x/d/ x/d/g x/f x/h x/l"
  ok "$archive: owners" contains "$(listing_of a:latest)" "5/6 2 x/f"
  ok "$archive: hard link" same "$(file_of a:latest x/h)" 1
done
printf 'FROM scratch\nADD plain.gz a.tar* /x/\nCOPY a.tar /y/\nADD --chown=9 a.tar /z\n' | dockerfile
rm "$ctx"/a.tar.*
build -q -t a
ok "what is no archive is copied" contains "$(names_of a:latest)" "x/plain.gz"
ok "COPY never unpacks" contains "$(names_of a:latest)" "y/a.tar"
ok "--chown" contains "$(listing_of a:latest)" "9/9 2 z/f"
printf 'FROM scratch\nADD https://example.com/x /\n' | dockerfile
refuses "Dockerfile:2: ADD: fetching 'https://example.com/x' is not there yet"
head -c 700 "$ctx/a.tar" >"$ctx/cut.tar"
printf 'FROM scratch\nADD cut.tar /\n' | dockerfile
refuses "Dockerfile:2: ADD: "
python3 - "$ctx/evil.tar" <<'P'
import io, sys, tarfile
with tarfile.open(sys.argv[1], "w") as t:
    i = tarfile.TarInfo("../../evil"); i.size = 1
    t.addfile(i, io.BytesIO(b"x"))
P
printf 'FROM scratch\nADD evil.tar /\n' | dockerfile
refuses "Dockerfile:2: ADD: entry '../../evil': the name leads out of the archive"
