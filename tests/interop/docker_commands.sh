# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016,SC1010
# The docker commands whose output and exit codes are the same whether the image `probe` holds a native program that
# runc runs or the same program as a Wasm module. inside.sh calls it: $platform is the image's, $runtime the shim's,
# $context the folder the image is built from.
#
#   d ARGS...   runs docker, shows the command, its output, its errors and its exit code
#   q ARGS...   likewise, without output and errors: those name the runtime, or what it makes of a failure
#   s COMMAND   likewise, for a line of shell

# shellcheck source=tests/probe/transcript.sh
source /shared/tests/probe/transcript.sh
d() { x docker "$@"; }
q() { quiet docker "$@"; }
s() { x bash -c "$1"; }
until_logged() { wait_until eval "docker logs '$1' 2>&1 | grep -q '$2'"; }
until_state() { wait_until eval "[ \"\$(docker inspect --format '$2' $1)\" = '$3' ]"; } # CONTAINER FORMAT WANTED
keep=(run --runtime "$runtime" --platform "$platform")
run=("${keep[@]}" --rm)
line="docker ${run[*]}"
data=$HOME/data
mkdir -p "$data"
echo 'of the host' >"$data/file"
chmod -R a+rwX "$data"

# The article's commands --------------------------------------------------------------------------------
q buildx build --load --platform "$platform" -t probe "$context"
d run --rm --runtime="$runtime" --platform="$platform" probe
# Without a platform Docker's client remarks on an image that is not for this machine.
s "docker run --rm --runtime=$runtime probe 2>/dev/null"
d image inspect --format '{{.Os}}/{{.Architecture}} {{.Config.Entrypoint}} {{.Config.Cmd}} {{.Config.Env}}' probe

# What a program is given -------------------------------------------------------------------------------
d "${run[@]}" probe args a 'b c' '' $'line\nbreak'
for code in 1 42 125 255; do d "${run[@]}" probe exit $code; done
d "${run[@]}" -e COLOR=red -e EMPTY= probe env COLOR SHAPE EMPTY NOT_THERE
printf 'FROM_FILE=yes\n# comment\n' >"$HOME/env"
d "${run[@]}" --env-file "$HOME/env" probe env FROM_FILE
d "${run[@]}" --entrypoint /srv/copy probe args
d "${run[@]}" --entrypoint copy -w /srv -e PATH=/nowhere:/srv probe args
d "${run[@]}" -w /srv probe cat relative.txt
d "${run[@]}" -w /made/for/it probe ls .
d "${run[@]}" probe say output problem
d "${run[@]}" probe terminals
s "echo from outside | $line -i probe cat"
s "head -c 300000 /dev/zero | tr '\\0' x | $line -i probe cat | wc -c"
d "${run[@]}" --label a=b --annotation c=d probe
d "${run[@]}" --hostname other probe cat /etc/hostname

# Files -------------------------------------------------------------------------------------------------
d "${run[@]}" probe ls /
d "${run[@]}" probe ls /srv
d "${run[@]}" probe stat /dev/null
d "${run[@]}" probe write /new text
d "${run[@]}" --read-only probe write /new text
d "${run[@]}" --read-only --tmpfs /tmp probe write /tmp/new text
d "${run[@]}" -v "$data:/data" probe cat /data/file
d "${run[@]}" -v "$data:/data" probe write /data/new 'of the guest'
x cat "$data/new"
d "${run[@]}" -v "$data:/data:ro" probe write /data/other text
d "${run[@]}" --mount "type=bind,source=$data/file,target=/one,readonly" probe cat /one
d "${run[@]}" --mount type=tmpfs,target=/scratch probe write /scratch/x y
d "${run[@]}" --tmpfs /scratch:size=64k probe fill /scratch/x 1000
d volume create things
d "${run[@]}" -v things:/things probe write /things/one 1
d "${run[@]}" -v things:/things probe cat /things/one
d volume rm things
d "${run[@]}" --user 1000:1001 -v "$data:/data" probe write /data/mine text
x stat -c '%u:%g %a' "$data/mine"

# Networks ----------------------------------------------------------------------------------------------
d "${run[@]}" probe ls /sys/class/net
d "${run[@]}" --network none probe ls /sys/class/net
s "diff <($line --network host probe ls /sys/class/net) <(ls /sys/class/net | LC_ALL=C sort) && echo the same"
d "${run[@]}" --add-host there:192.0.2.9 probe find /etc/hosts there
d "${run[@]}" --dns 192.0.2.53 probe find /etc/resolv.conf 53
d network create --subnet 10.77.0.0/24 own
d "${keep[@]}" -d --name first --network own --network-alias alias --ip 10.77.0.9 -p 8765:80 probe sleep 600
d run --rm --network own sidecar nslookup -type=a alias 127.0.0.11
s 'docker run --rm --network own sidecar ping -c 1 -q first | grep received'
d "${run[@]}" --network own probe find /etc/resolv.conf nameserver
d "${run[@]}" --network container:first probe find /etc/hosts 10.77.0.9
d port first
d rm --force first
d network rm own

# Limits and rights -------------------------------------------------------------------------------------
d "${run[@]}" --memory 64m --memory-swap 64m --cpus 0.5 --cpu-shares 512 --pids-limit 20 probe
d "${run[@]}" --memory 64m --memory-swap 64m probe allocate 16
d "${run[@]}" --ulimit nofile=100:200 probe find /proc/self/limits 'open files'
d "${run[@]}" --oom-score-adj 500 probe cat /proc/self/oom_score_adj
d "${run[@]}" --security-opt no-new-privileges probe find /proc/self/status NoNewPrivs
d "${run[@]}" --cap-drop all probe find /proc/self/status CapEff
d "${run[@]}" --user 1000 probe find /proc/self/status CapEff
d "${run[@]}" --sysctl net.ipv4.ip_unprivileged_port_start=80 probe cat /proc/sys/net/ipv4/ip_unprivileged_port_start
d "${run[@]}" --pid host --ipc host --uts host probe

# What cannot run ---------------------------------------------------------------------------------------
q "${run[@]}" --entrypoint /not/there probe
q "${run[@]}" --entrypoint not-there probe
q "${run[@]}" --entrypoint /srv probe
q "${run[@]}" --entrypoint /srv/relative.txt probe
q "${run[@]}" -v "$data/file:/srv/relative.txt/below" probe
q "${run[@]}" --user nobody-known probe
d ps --all --quiet

# A life ------------------------------------------------------------------------------------------------
d "${keep[@]}" -d --name life --label part=one --stop-timeout 5 probe sleep 600
until_logged life sleeping
d ps --format '{{.Names}} {{.Image}} {{.Command}} {{.Status}}'
d ps --format '{{.Names}}' --filter label=part=one
d inspect --format '{{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.Path}} {{.Args}}' life
d logs life
s "docker top life -eo pid,args | sed 's/^ *[0-9]* *//'"
s 'docker top life | tail -n +2 | wc -l'
d exec life /probe
d exec life /probe args 'a b' c
d exec -e COLOR=green life /probe env COLOR SHAPE
d exec -w /srv life /probe cat relative.txt
for code in 7 255; do d exec life /probe exit $code; done
d exec life /probe terminals
d exec --user 1000 life /probe find /proc/self/status Uid
s 'echo from outside | docker exec -i life /probe cat'
q exec life /not/there
q exec life /srv/relative.txt
d exec -d life /probe write /by-exec done
wait_until docker exec life /probe stat /by-exec
d exec life /probe cat /by-exec
d cp "$data/file" life:/copied
d exec life /probe cat /copied
d cp life:/srv/relative.txt "$HOME/copied"
x cat "$HOME/copied"
s 'docker export life | tar -t | grep srv/'
d pause life
d ps --format '{{.Names}} {{.Status}}'
q exec life /probe
d unpause life
d update --memory 128m --memory-swap 128m --cpus 1 --pids-limit 30 life
d inspect --format '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}' life
d stats --no-stream --format '{{.Name}} {{.PIDs}}' life
s "docker stats --no-stream --format '{{.MemUsage}}' life | grep -E '^[1-9][0-9.]*[kKM]i?B / 128MiB' | sed 's/.*128/128/'"
d rename life renamed
d stop renamed
d inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}' renamed
d ps --all --format '{{.Names}} {{.Status}}'
d exec renamed /probe
d start renamed
d kill renamed
d wait renamed
d restart renamed
d kill --signal USR1 renamed
d wait renamed
d restart --time 1 renamed
d rm renamed
d rm --force renamed
d rm renamed

d create --runtime "$runtime" --platform "$platform" --name made probe count 3
d inspect --format '{{.State.Status}}' made
d start --attach made
d start --attach made
d logs made
d logs --tail 1 made
d rm made
d "${keep[@]}" --name failing probe exit 3
d inspect --format '{{.State.ExitCode}} {{.State.Error}}' failing
d start --attach failing
d rm failing
d "${keep[@]}" -d --name spinning probe spin
until_logged spinning spinning
d stop --time 10 spinning
d inspect --format '{{.State.ExitCode}}' spinning
d rm spinning
d "${keep[@]}" -d --name slow probe count 25
d logs --follow slow
d rm slow
d "${keep[@]}" -d --name slow probe count 60
s 'docker attach --no-stdin slow | tail -n 1'
d rm slow
s "echo by attach | docker start -ai \$(docker create -i --name attached --runtime $runtime --platform $platform probe cat)"
d logs attached
d rm attached
d "${keep[@]}" -d --name again --restart on-failure:2 probe exit 4
until_state again '{{.RestartCount}} {{.State.Status}}' '2 exited'
d inspect --format '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}' again
d rm again
d "${keep[@]}" -d --name always --restart always probe exit 5
wait_until eval '[ "$(docker inspect --format "{{.RestartCount}}" always)" -ge 2 ]'
d stop always
d rm --force always
d "${run[@]}" --cidfile "$HOME/cid" probe
x cat "$HOME/cid"
d "${run[@]}" -d --name gone probe exit 0
wait_until eval '! docker inspect gone'
d ps --all --quiet

# Terminals ---------------------------------------------------------------------------------------------
x script -qec "$line -it probe terminals" /dev/null
x script -qec "$line -t probe args" /dev/null
x script -qec "$line -it probe exit 5" /dev/null
d "${keep[@]}" -dt --name terminal probe sleep 600
until_logged terminal sleeping
x script -qec 'docker exec -it terminal /probe terminals' /dev/null
d stop terminal
d logs terminal
d rm terminal

# Health ------------------------------------------------------------------------------------------------
for word in 0:healthy 1:unhealthy; do
  mkdir -p "$HOME/health"
  printf 'FROM probe\nHEALTHCHECK --interval=500ms --timeout=5s --retries=1 CMD ["/probe", "exit", "%s"]\n' "${word%:*}" \
    >"$HOME/health/Dockerfile"
  q buildx build --load --platform "$platform" -t "probe:${word#*:}" "$HOME/health"
  d "${keep[@]}" -d --name patient "probe:${word#*:}" sleep 600
  until_state patient '{{.State.Health.Status}}' "${word#*:}"
  d inspect --format '{{.State.Health.Status}} {{(index .State.Health.Log 0).ExitCode}}' patient
  d rm --force patient
done

# Images and what is left -------------------------------------------------------------------------------
d save -o "$HOME/probe.tar" probe
d rmi --force probe
s "docker load --quiet -i $HOME/probe.tar"
# What is loaded while Docker 26.1 still throws away what rmi left is lost now and then: once more, then.
s "$line probe 2>/dev/null || { docker load --quiet -i $HOME/probe.tar >/dev/null; $line probe; }"
d ps --all --quiet
