# shellcheck shell=bash
# Shared by ./dev and the scripts in tools/: sourced, never run. Expects the working directory to be the
# project's root.

# Objects are the same wherever the tree stands (-ffile-prefix-map): a cache may serve all trees.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=true

# Sanitizers name functions with it; Debian's is not in PATH under the name they look for.
[ -x /usr/lib/llvm-19/bin/llvm-symbolizer ] &&
  export ASAN_SYMBOLIZER_PATH=${ASAN_SYMBOLIZER_PATH:-/usr/lib/llvm-19/bin/llvm-symbolizer}

say() { printf '%s\n' "dev: $*" >&2; }

die() {
  printf '%s\n' "error: $*" >&2
  exit 1
}

# Prints a command as one would type it, then runs it.
show() {
  printf '+ %s\n' "$*" >&2
  "$@"
}

# The names in the given lists of tools/packages.
packages_in() {
  local list
  for list in "$@"; do
    grep -v -e '^#' -e '^$' "tools/packages/$list.txt"
  done | sort -u
}

missing_packages() {
  local package
  for package in "$@"; do
    case "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" in
      installed) ;;
      *) printf '%s\n' "$package" ;;
    esac
  done
}

# A tool that is there without its package (node from elsewhere, say) is as good: names such packages.
provided_otherwise() {
  case "$1" in
    nodejs) command -v node ;;
    npm) command -v npm ;;
    golang-go) command -v go ;;
    *) return 1 ;;
  esac >/dev/null
}

# Installs what is missing of the given lists with apt-get, through sudo where the user is not root.
# Does nothing, and asks for nothing, where everything is there.
need_packages() {
  local all wanted=() package as_root=() options=()
  command -v dpkg-query >/dev/null ||
    die "no dpkg here: install the equivalents of $(packages_in "$@" | tr '\n' ' ')and build with cmake --preset release"
  mapfile -t all < <(packages_in "$@")
  for package in $(missing_packages "${all[@]}"); do
    provided_otherwise "$package" || wanted+=("$package")
  done
  [ ${#wanted[@]} -eq 0 ] && return
  say "installing with apt-get: ${wanted[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "not root and no sudo here: ask an administrator for: apt-get install ${wanted[*]}"
    as_root=(sudo)
  fi
  # A machine that lives for one run need not survive a power cut: it installs without waiting for the disk.
  [ -n "${CI:-}" ] && options=(-o Dpkg::Options::=--force-unsafe-io)
  show "${as_root[@]}" apt-get update -q
  show "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${options[@]}" "${wanted[@]}" </dev/null
}

# Configures and builds one CMake preset; further arguments are targets.
build_preset() {
  local preset=$1
  shift
  [ -f "build/$preset/build.ninja" ] || show cmake --preset "$preset"
  show ninja -C "build/$preset" -j "$(nproc)" "$@"
}
