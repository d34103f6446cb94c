# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317
# Everything a container starts with.
dockerfile <<'D'
FROM scratch
ARG v=1
ENV A="a b" B=$v C='$v'
ENV old form here
ENV A=z$A
LABEL "x.y"=1 z="two words"
EXPOSE 80 53/UDP 8000-8002
VOLUME /data /z
VOLUME ["/a b"]
STOPSIGNAL SIGTERM
USER 10:20
WORKDIR /w
WORKDIR ../x/./y
SHELL ["/bin/bash", "-c"]
CMD echo $HOME
HEALTHCHECK --interval=1m30s --retries=2 CMD ["/check.wasm", "a"]
ONBUILD COPY . /app
MAINTAINER somebody
D
build -t c --build-arg v=2 --label z=three --label new
ok "built" succeeded
ok "environment" same "$(setting c:latest '.config.Env[1:]')" '["A=za b","B=2","C=$v","old=form here"]'
ok "labels" same "$(setting c:latest .config.Labels)" '{"new":"","x.y":"1","z":"three"}'
ok "ports" same "$(setting c:latest '.config.ExposedPorts | keys')" '["53/udp","80/tcp","8000/tcp","8001/tcp","8002/tcp"]'
ok "volumes" same "$(setting c:latest '.config.Volumes | keys')" '["/a b","/data","/z"]'
ok "signal" same "$(setting c:latest .config.StopSignal)" SIGTERM
ok "user" same "$(setting c:latest .config.User)" 10:20
ok "working directory" same "$(setting c:latest .config.WorkingDir)" /x/y
ok "shell form" same "$(setting c:latest .config.Cmd)" '["/bin/bash","-c","echo $HOME"]'
ok "health check" same "$(setting c:latest .config.Healthcheck)" '{"Interval":90000000000,"Retries":2,"Test":["CMD","/check.wasm","a"]}'
ok "trigger" same "$(setting c:latest .config.OnBuild)" '["COPY . /app"]'
ok "author" same "$(setting c:latest .author)" somebody
echo file >"$ctx/file"
printf 'FROM c\nENTRYPOINT ["/e"]\n' | dockerfile
build -t d --build-arg nobody=1
ok "an image built on a local one" succeeded
ok "its trigger ran" contains "$(names_of d:latest)" app/file
ok "and is gone" same "$(setting d:latest .config.OnBuild)" null
ok "an argument nobody asks for is mentioned" contains "$err" "build argument 'nobody' is not asked for by any ARG"
printf 'FROM scratch\nCOPY --from=d /app/file /x/\nCOPY --from=d:latest /w /w\n' | dockerfile
build -t e
ok "files of an image" same "$(file_of e:latest x/file)" file
