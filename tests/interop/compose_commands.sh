# shellcheck shell=bash
# shellcheck disable=SC2154
# Compose, likewise: docker_commands.sh says how. A service of ours beside Linux services.

mkdir -p "$HOME/project"
cd "$HOME/project" || exit
cat >compose.yaml <<YAML
services:
  server:
    image: probe
    runtime: $runtime
    platform: $platform
YAML
s 'docker compose --ansi never up 2>&1 | grep -v -e Attaching -e Network -e Container'
d compose ps --all --format '{{.Name}} {{.Service}} {{.State}} {{.ExitCode}}'
q compose down
d ps --all --quiet

cat >compose.yaml <<YAML
services:
  ours:
    build: $context
    image: ours
    runtime: $runtime
    platform: $platform
    command: [sleep, "600"]
    environment: {COLOR: red}
    volumes: ["shared:/shared"]
    healthcheck: {test: [CMD, /probe, stat, /shared/ready], interval: 300ms, timeout: 5s, retries: 50}
    depends_on:
      first: {condition: service_completed_successfully}
    deploy: {resources: {limits: {memory: 64M, cpus: "0.5"}}}
    restart: unless-stopped
    read_only: true
    ports: ["8766:80"]
    stop_grace_period: 5s
  first:
    image: sidecar
    command: sh -c "echo yes >/shared/ready"
    volumes: ["shared:/shared"]
  after:
    image: sidecar
    command: sh -c "cat /shared/ready; trap exit TERM; sleep 600 & wait"
    volumes: ["shared:/shared"]
    depends_on:
      ours: {condition: service_healthy}
volumes:
  shared:
YAML
q compose build
q compose up -d
d compose ps --all --format '{{.Service}} {{.State}} {{.Health}} {{.ExitCode}}'
d compose --ansi never logs --no-log-prefix ours
d compose --ansi never logs --no-log-prefix after
d compose exec -T ours /probe env COLOR SHAPE
d compose exec -T ours /probe write /shared/from-ours 'of the guest'
d compose exec -T after cat /shared/from-ours
s 'docker compose exec -T after ping -c 1 -q -w 5 ours | grep received'
s "docker compose exec -T after nslookup -type=a ours 127.0.0.11 | grep -c '^Name:.*ours'"
s 'docker compose top ours | grep -c sleep'
d compose port ours 80
q compose pause ours
d compose ps --format '{{.Service}} {{.State}}' ours
q compose unpause ours
q compose restart ours
wait_until docker compose exec -T ours /probe stat /shared/ready
d compose exec -T ours /probe stat /shared/ready
q compose up -d --scale after=2
d compose ps --format '{{.Name}} {{.State}}' after
q compose stop ours
d compose ps --all --format '{{.Service}} {{.State}} {{.ExitCode}}' ours
q compose down --volumes
d ps --all --quiet
d volume ls --quiet
cd "$HOME" || exit
