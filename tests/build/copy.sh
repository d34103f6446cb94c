# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317
# Where files go, as Docker has it.
mkdir -p "$ctx/dir/sub" "$ctx/one" "$ctx/pages"
echo a >"$ctx/a.txt"; echo b >"$ctx/b.txt"; echo c >"$ctx/dir/c"; echo d >"$ctx/dir/sub/d"; echo i >"$ctx/pages/[id].js"
ln -s a.txt "$ctx/link"; ln -s ../a.txt "$ctx/dir/kept"; ln -s dir "$ctx/dirlink"
copies() {
  local expected=$1
  shift
  { echo "FROM scratch"; printf '%s\n' "$@"; } | dockerfile
  build -q -t c
  ok "${*: -1}: builds" succeeded
  ok "${*: -1}" same "$(names_of c:latest)" "$expected"
}
copies "x" 'COPY a.txt /x'
copies "x/ x/a.txt" 'COPY a.txt /x/'
copies "x/ x/a.txt x/b.txt" 'COPY *.txt /x/'
copies "x/ x/a.txt x/b.txt" 'COPY ["a.txt", "b.txt", "/x/"]'
copies "x/ x/c x/kept x/sub/ x/sub/d" 'COPY dir /x'
copies "x/ x/c x/kept x/sub/ x/sub/d" 'COPY dirlink /x'
copies "w/ w/ w/a.txt" 'WORKDIR /w' 'COPY a.txt .'
copies "w/ w/ w/v/ w/v/x" 'WORKDIR w' 'COPY a.txt v/x'
copies "a.txt" 'COPY link /a.txt'
copies "x/ x/ x/a.txt x/b.txt" 'COPY a.txt /x/' 'COPY b.txt /x'
copies "d x/ x/c" 'COPY **/d /' 'COPY d?r/c /x/'
copies "x/ x/c x/sub/ x/sub/d" 'COPY --exclude=kept dir /x'
copies "x/ x/dir/ x/dir/c" 'COPY --parents dir/c /x/'
copies "x/ x/sub/ x/sub/d" 'COPY --parents ./dir/./sub/d /x/'
copies "[id].js" 'COPY pages/[id].js /'
copies "x/ x/a.txt" 'COPY a.txt nothing* /x/'
copies "etc/ etc/ etc/a.txt etc/a.txt" 'COPY a.txt /etc/' 'COPY --link b.txt /etc/a.txt'
copies "a.txt x/ x/a.txt" 'ARG n=a' 'ENV d=/' 'COPY ${n}.txt $d' 'COPY --exclude=b.txt a.txt b.txt /x/'
ok "links inside a directory are kept" contains "$(echo 'FROM scratch
COPY dir /x' | dockerfile; build -q -t k; listing_of k:latest)" "x/kept -> ../a.txt"
