# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317
# .dockerignore with exceptions, and the Dockerfile's own.
mkdir -p "$ctx/src/deep" "$ctx/node_modules/x"
touch "$ctx/src/a.c" "$ctx/src/a.o" "$ctx/src/deep/b.o" "$ctx/src/deep/keep.o" "$ctx/node_modules/x/y" "$ctx/README.md" "$ctx/.env"
printf '# comment\n**/*.o\n!src/deep/keep.o\nnode_modules\n.env\n.dockerignore\nDockerfile\n' >"$ctx/.dockerignore"
printf 'FROM scratch\nCOPY . /\n' | dockerfile
build -t i
ok "what is left" same "$(names_of i:latest)" "README.md src/ src/a.c src/deep/ src/deep/keep.o"
printf '*\n!src/deep/*\nsrc/deep/b*\n' >"$ctx/.dockerignore"
build -t i
ok "only what is let through" same "$(names_of i:latest)" "src/ src/deep/ src/deep/keep.o"
printf 'FROM scratch\nCOPY README.md /\n' | dockerfile
refuses "Dockerfile:2: COPY: 'README.md' not found in the build context"
printf 'src\n' >"$ctx/Dockerfile.dockerignore"
build -t i
ok "the Dockerfile's own list comes first" same "$(names_of i:latest)" README.md
printf 'ok\n[x\n' >"$ctx/Dockerfile.dockerignore"
refuses "Dockerfile.dockerignore: line 2: pattern '[x'"
