# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317
# Each failure is one line with file and line, and leaves the store as it was.
echo f >"$ctx/f"
printf 'FROM scratch\nCOPY f /\n' | dockerfile
build -q -t before
fails() {
  printf '%b\n' "$1" | dockerfile
  refuses "$2" -t before
}
fails 'FORM x' "Dockerfile:1: unknown instruction 'FORM' (did you mean FROM?)"
fails 'FROM scratch\nCOPY f /a\nCOPY x /' "Dockerfile:3: COPY: 'x' not found in the build context"
fails 'FROM scratch\nCOPY f f /a' "Dockerfile:2: COPY: the destination of several sources must be a directory: write '/a/'"
fails 'FROM scratch\nCOPY f /a\nCOPY f /a/b' "Dockerfile:3: COPY: '/a' is not a directory"
fails 'FROM scratch\nCOPY f /a/\nCOPY . /a/f/' "Dockerfile:3: COPY: '/a/f' is not a directory"
fails 'FROM rust:1.64\nCOPY f /' "Dockerfile:1: FROM: image 'rust:1.64' is not in the local store, and pulling is not there yet"
fails 'FROM scratch AS a\nFROM scratch\nCOPY --from=b /x /' "Dockerfile:3: COPY: 'b' is neither an earlier stage nor an image in the local store"
fails 'FROM scratch AS a\nCOPY f /\nFROM scratch\nCOPY --from=a /y /' "Dockerfile:4: COPY: '/y' not found in stage 'a'"
fails 'FROM scratch\nENV a=${b' "Dockerfile:2: ENV: '\${b' has no closing '}'"
fails 'FROM $nothing' "Dockerfile:1: FROM: '\$nothing' expands to nothing"
fails 'FROM scratch\nEXPOSE 99999' "Dockerfile:2: EXPOSE: expected PORT[-PORT][/tcp|udp|sctp], found '99999'"
fails 'FROM scratch\nSTOPSIGNAL SIGNOPE' "Dockerfile:2: STOPSIGNAL: expected a signal such as SIGTERM or 15, found 'SIGNOPE'"
fails 'FROM scratch\nARG need\nLABEL a="${need:?give it with --build-arg}"' "Dockerfile:3: LABEL: variable 'need': give it with --build-arg"
fails 'FROM --platform=linux/amd64 before' "Dockerfile:1: FROM: image 'before' is for wasi/wasm, not for linux/amd64"
fails '' "Dockerfile: has no instructions"
rm "$ctx/Dockerfile"
refuses "Dockerfile': No such file or directory"
run wherry build
ok "no context: usage" [ "$status" -eq 125 ]
run wherry build --push "$ctx"
ok "--push" one_error "pushing to a registry is not there yet"
run wherry build "$scratch/nowhere"
ok "no such context" one_error "No such file or directory"
ok "the image of before is still there" same "$(file_of before:latest f)" f
