# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317
# Stages: by name and number, --target, ones that are not needed, ARG before FROM.
echo hi >"$ctx/f"
dockerfile <<'D'
# syntax=docker/dockerfile:1
ARG BASE=first
FROM --platform=$BUILDPLATFORM rust:1.64 AS unneeded
RUN cargo build
FROM scratch AS first
ENV A=1
LABEL from=first
CMD ["x"]
WORKDIR /w
COPY --chmod=600 f one
FROM ${BASE} AS Second
ARG TARGETPLATFORM
ARG BASE
COPY --from=1 /w/one two
ENV B=$A-$TARGETPLATFORM-$BASE
ENTRYPOINT ["/second"]
FROM scratch
COPY --from=second /w /all
COPY --from=first --chown=5:6 w/one /
D
build -t s
ok "built" succeeded
ok "the rust stage is left alone" lacks "$err" rust
ok "names" same "$(names_of s:latest)" "all/ all/one all/two one"
ok "chown of a copy from a stage" contains "$(listing_of s:latest)" "-rw------- 5/6 3 one"
ok "nothing inherited" same "$(setting s:latest .config.Labels)" null
build -t t --target second
ok "target by name" succeeded
ok "environment inherited and expanded" same "$(setting t:latest '.config.Env[1:]')" '["A=1","B=1-wasi/wasm-first"]'
ok "CMD of the base goes with a new ENTRYPOINT" same "$(setting t:latest .config.Cmd)" null
ok "working directory inherited" same "$(setting t:latest .config.WorkingDir)" /w
ok "layers of the base and its own" same "$(layers_of t:latest | wc -l)" 3
build -t u --target 1
ok "target by number" same "$(setting u:latest .config.Cmd)" '["x"]'
refuses "Dockerfile: no stage 'x' (there are: unneeded, first, second)" --target x
refuses "Dockerfile:4: RUN is not supported yet: 'RUN cargo build'" --target unneeded
