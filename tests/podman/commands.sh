# shellcheck shell=bash
# shellcheck disable=SC2154,SC1010
# The podman commands whose output and exit codes are the same whether the image `probe` holds a native program or
# a Wasm module. inside.sh calls it in a fresh root: $platform is the image's, $who root or user.
#
#   p ARGS...   runs podman, shows the command, its output, its errors and its exit code
#   e ARGS...   likewise, without output and errors: those name the runtime, or what it makes of a failure
#   x COMMAND   likewise, for a command that is not podman
#   needs VERB OPTION   the commands from here on are only shown where Wherry's VERB has no such option
#   needs       ... and are run again
#
# What differs from run to run (ids, times, sizes of images) is written as <id>, <time>.

# shellcheck source=tests/probe/transcript.sh
source /shared/tests/probe/transcript.sh
needs() {
  lacking=''
  [ $# -eq 0 ] || [ "$kind" != wasm ] && return
  wherry-runtime "$1" --help 2>&1 | grep -q -e "$2" || lacking="wherry-runtime $1 has no option '$2'"
}
p() { x podman "$@"; }
e() { quiet podman "$@"; }
until_logged() { wait_until eval "podman logs '$1' 2>&1 | grep -q '$2'"; } # CONTAINER TEXT
run=(run --rm --platform "$platform")
keep=(run --platform "$platform")
data=$HOME/data
mkdir -p "$data"
echo 'of the host' >"$data/file"
chmod -R a+rwX "$data"

# Images ------------------------------------------------------------------------------------------------
p build --quiet --platform "$platform" -t probe "$context"
p image exists probe
p images --sort repository --format '{{.Repository}}:{{.Tag}}'
p image inspect --format '{{.Config.Entrypoint}} {{.Config.Cmd}} {{.Config.WorkingDir}} {{.Config.Env}}' probe
p tag probe probe:again
p rmi probe:again
p rmi nothing

# What a program is given -------------------------------------------------------------------------------
p "${run[@]}" probe
p "${run[@]}" probe args a 'b c' '' $'line\nbreak'
for code in 0 1 42 125 255; do p "${run[@]}" probe exit $code; done
p "${run[@]}" -e COLOR=red -e EMPTY= probe env COLOR SHAPE EMPTY NOT_THERE container HOME
printf 'FROM_FILE=yes\n# comment\n' >"$HOME/env"
p "${run[@]}" --env-file "$HOME/env" probe env FROM_FILE
p "${run[@]}" --entrypoint '["/probe","args","fixed"]' probe x
p "${run[@]}" --entrypoint /srv/copy probe args
p "${run[@]}" --entrypoint copy -w /srv -e PATH=/nowhere:/srv probe args
p "${run[@]}" -w /srv probe cat relative.txt
p "${run[@]}" -w /made/for/it probe ls .
p "${run[@]}" probe say output problem
p "${run[@]}" probe terminals
x bash -c "echo from outside | podman ${run[*]} -i probe cat"
p "${run[@]}" --tz UTC probe env TZ
p "${run[@]}" --http-proxy=false --label a=b --annotation c=d probe
p "${run[@]}" --secret nothing probe

# Files -------------------------------------------------------------------------------------------------
p "${run[@]}" probe ls /
p "${run[@]}" probe ls /dev
p "${run[@]}" probe ls /srv
p "${run[@]}" probe stat /dev/null
p "${run[@]}" probe cat /srv/link
p "${run[@]}" probe write /new text
p "${run[@]}" --read-only probe write /new text
p "${run[@]}" --read-only probe write /tmp/new text
p "${run[@]}" -v "$data:/data" probe cat /data/file
p "${run[@]}" -v "$data:/data" probe write /data/new 'of the guest'
x cat "$data/new"
p "${run[@]}" -v "$data:/data:ro" probe write /data/other text
p "${run[@]}" --mount "type=bind,source=$data/file,target=/one,readonly" probe cat /one
p "${run[@]}" --mount type=tmpfs,target=/scratch probe write /scratch/x y
p "${run[@]}" --tmpfs /scratch:size=64k probe fill /scratch/x 1000
p volume create things
p "${run[@]}" -v things:/things probe write /things/one 1
p "${run[@]}" -v things:/things probe cat /things/one
p "${run[@]}" -v things:/things probe rename /things/one /things/two
p "${run[@]}" -v things:/things probe ls /things
p volume rm things
p "${run[@]}" -v "$data:/data" probe mkdir /data/folder
p "${run[@]}" -v "$data:/data" probe link /etc/passwd /data/outward
p "${run[@]}" -v "$data:/data" probe unlink /data/outward
p "${run[@]}" --user 1000:1001 -v "$data:/data" probe write /data/mine text
x stat -c '%u:%g %a' "$data/mine"
p "${run[@]}" --umask 0077 -v "$data:/data" probe write /data/secret text
x stat -c '%a' "$data/secret"
p "${run[@]}" --hostname other probe cat /etc/hostname
p "${run[@]}" --add-host there:192.0.2.9 probe find /etc/hosts there
p "${run[@]}" --network bridge --dns 192.0.2.53 probe find /etc/resolv.conf 53
p "${run[@]}" --device /dev/null:/dev/other probe stat /dev/other
p "${run[@]}" --shm-size 64k probe fill /dev/shm/x 1000

# Limits and rights -------------------------------------------------------------------------------------
# Podman 4.3 adds limits that not every root can raise itself to, unless it is given its own.
p "${run[@]}" --memory 64m --memory-swap 64m probe
p "${run[@]}" --cpus 0.5 --cpu-shares 512 probe
p "${run[@]}" --pids-limit 20 probe
p "${run[@]}" --ulimit nofile=100:200 --ulimit nproc=1000 probe find /proc/self/limits 'open files'
p "${run[@]}" --ulimit core=0 --ulimit nofile=100 --ulimit nproc=1000 probe find /proc/self/limits 'core file'
p "${run[@]}" --oom-score-adj 500 probe cat /proc/self/oom_score_adj
p "${run[@]}" --security-opt no-new-privileges probe find /proc/self/status NoNewPrivs
p "${run[@]}" --cap-drop all probe find /proc/self/status CapEff
p "${run[@]}" --user 1000 probe find /proc/self/status CapEff
p "${run[@]}" --sysctl net.ipv4.ip_unprivileged_port_start=80 probe cat /proc/sys/net/ipv4/ip_unprivileged_port_start
p "${run[@]}" --pid host probe
p "${run[@]}" --network host --uts host --ipc host probe
p "${run[@]}" --cgroups disabled probe

# What cannot run ---------------------------------------------------------------------------------------
e "${run[@]}" --entrypoint /not/there probe
e "${run[@]}" --entrypoint not-there probe
e "${run[@]}" --entrypoint /srv probe
e "${run[@]}" --entrypoint /srv/relative.txt probe
p "${run[@]}" --no-such-option probe
e "${run[@]}" -v /no/such/folder:/data probe
e "${run[@]}" --user nobody-known probe

# A life ------------------------------------------------------------------------------------------------
p "${keep[@]}" -d --name life --label part=one --stop-signal TERM --stop-timeout 5 probe sleep 600
until_logged life sleeping
p ps --format '{{.Names}} {{.Image}} {{.Command}} {{.Status}}'
p ps --quiet --filter label=part=one
p container exists life
p container exists other
p "${run[@]}" --name life probe
p inspect --format '{{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.Path}} {{.Args}}' life
p logs life
p top life pid ppid user args
p exec life /probe
p exec life /probe args 'a b' c
p exec -e COLOR=green life /probe env COLOR SHAPE
p exec -w /srv life /probe cat relative.txt
p exec life /probe exit 7
p exec life /probe terminals
p exec --user 1000 life /probe find /proc/self/status Uid
x bash -c 'echo from outside | podman exec -i life /probe cat'
e exec life /not/there
e exec life /srv/relative.txt
p exec -d life /probe write /by-exec done
x bash -c 'for try in {1..100}; do podman exec life /probe cat /by-exec >/dev/null 2>&1 && break; sleep 0.05; done'
p exec life /probe cat /by-exec
p cp "$data/file" life:/copied
p exec life /probe cat /copied
p cp life:/srv/relative.txt "$HOME/copied"
x cat "$HOME/copied"
x bash -c 'podman diff life | sort'
x bash -c 'podman export life | tar -t | sort | grep -v /$'
p pause life
p ps --format '{{.Names}} {{.Status}}'
e exec life /probe
p unpause life
p stats --no-stream --no-reset --format '{{.Name}} {{.PIDs}}' life
p rename life renamed
p stop renamed
p inspect --format '{{.State.Status}} {{.State.ExitCode}}' renamed
p ps --all --format '{{.Names}} {{.Status}}'
e exec renamed /probe
p start renamed
p kill --signal KILL renamed
p wait renamed
p restart renamed
p kill --signal USR1 renamed
p wait renamed
p logs renamed
p rm renamed
p rm renamed

p create --platform "$platform" --name made probe count 3
p ps --all --format '{{.Names}} {{.Status}}'
p init made
p inspect --format '{{.State.Status}}' made
p start --attach made
p start --attach made
p logs made
p logs --tail 1 made
p commit --quiet made probe:committed
p run --rm --platform "$platform" probe:committed count 1
p rmi probe:committed
p rm made
p "${keep[@]}" --name failing probe exit 3
p inspect --format '{{.State.ExitCode}}' failing
p start --attach failing
p rm failing
p "${keep[@]}" -d --name spinning probe spin
until_logged spinning spinning
p stop --time 5 spinning
p inspect --format '{{.State.ExitCode}}' spinning
p rm spinning
p "${keep[@]}" -d --name again --restart on-failure:2 probe exit 1
p wait --condition exited --interval 100ms again
p rm --force again
p "${run[@]}" --timeout 1 probe sleep 600
p "${keep[@]}" -d --name forced probe sleep 600
p rm --force --time 0 forced
p "${run[@]}" --cidfile "$HOME/cid" probe
x cat "$HOME/cid"
e container checkpoint nothing

# The service manager -----------------------------------------------------------------------------------
told() { x "$here/manager" podman "$@"; }
told "${run[@]}" --sdnotify container probe tell READY=1
told "${run[@]}" --sdnotify container probe tell $'STATUS=working\nREADY=1' 1
told "${keep[@]}" -d --name told --sdnotify container probe tell READY=1 600
p ps --format '{{.Names}} {{.Status}}' --filter name=told
p rm --force --time 0 told
told "${keep[@]}" -d --name told --sdnotify conmon probe env NOTIFY_SOCKET
p wait told
p logs told
p rm told
told "${run[@]}" --sdnotify ignore probe env NOTIFY_SOCKET
p "${run[@]}" --sdnotify container probe tell READY=1

# Ids of files ------------------------------------------------------------------------------------------
if [ "$who" = root ]; then
  of_5000=/dev/shm/of-5000
  mkdir $of_5000
  echo secret >$of_5000/file
  chown -R 5000:5000 $of_5000
  chmod 700 $of_5000
  mapped='idmap=uids=5000-1000-1;gids=5000-1000-1'
  p "${run[@]}" --user 1000:1000 -v $of_5000:/data probe cat /data/file
  p "${run[@]}" --user 1000:1000 -v "$of_5000:/data:$mapped" probe cat /data/file
  p "${run[@]}" --user 1000:1000 -v "$of_5000:/data:$mapped" probe write /data/new text
  x stat -c '%u:%g' $of_5000/new
  e "${run[@]}" --user 1000:1000 -v "$of_5000:/data:idmap=uids=5000-1000-x" probe cat /data/file
fi

# Terminals ---------------------------------------------------------------------------------------------
needs create --console-socket
x script -qec "podman ${run[*]} -it probe terminals" /dev/null
x script -qec "podman ${run[*]} -t probe args" /dev/null
x script -qec "podman ${run[*]} -it probe exit 5" /dev/null
p "${keep[@]}" -dt --name terminal probe sleep 600
[ -n "$lacking" ] || until_logged terminal sleeping
x script -qec 'podman exec -it terminal /probe terminals' /dev/null
p stop terminal
p logs terminal
p rm terminal
needs

# Health ------------------------------------------------------------------------------------------------
p "${keep[@]}" -d --name healthy --health-cmd '["/probe","exit","0"]' --health-interval disable probe sleep 600
p healthcheck run healthy
p inspect --format '{{.State.Health.Status}}' healthy
p rm --force --time 1 healthy
p "${keep[@]}" -d --name ill --health-cmd '["/probe","exit","1"]' --health-interval disable --health-retries 1 probe sleep 600
p healthcheck run ill
p inspect --format '{{.State.Health.Status}}' ill
p rm --force --time 1 ill

# Pods: a Linux container beside ours -------------------------------------------------------------------
p pod create --name pod --hostname in-pod
p run -d --pod pod --name sidecar --platform linux/amd64 -v shared:/shared sidecar \
  sh -c 'trap exit TERM; hostname >/shared/from-sidecar; sleep 600 & wait'
p "${keep[@]}" -d --pod pod --name ours -v shared:/shared probe sleep 600
until_logged ours sleeping
p exec sidecar cat /shared/from-sidecar
p exec ours /probe cat /shared/from-sidecar
p exec ours /probe write /shared/from-ours 'of the guest'
p exec sidecar cat /shared/from-ours
p exec sidecar hostname
p exec ours /probe cat /etc/hostname
p pod ps --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}'
p ps --pod --sort names --format '{{.Names}} {{.Status}} {{.PodName}}' --filter name=ours
x bash -c 'podman pod top pod args | sort'
p pod pause pod
p pod unpause pod
p pod restart pod
p pod stop --time 2 pod
p pod start pod
p pod rm --force --time 2 pod
p volume rm shared

# Images again ------------------------------------------------------------------------------------------
p save --quiet --format oci-archive -o "$HOME/probe.tar" probe
p rmi probe
p load --quiet -i "$HOME/probe.tar"
p "${run[@]}" probe
p system prune --all --force --filter label=not-there
p ps --all --quiet
p events --stream=false --filter event=died --filter container=failing --format '{{.Status}} {{.ContainerExitCode}}'
