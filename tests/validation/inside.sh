#!/usr/bin/env bash
# What tests/validation runs on a machine of its own: inside.sh RUNTIME LINUX_RUNTIME FOLDER PROGRAM...
# Of each program, FOLDER gets what it printed and how it ended: PROGRAM.out, .err, .status.
set -uo pipefail
cd /shared || exit
export RUNTIME=$1 WHERRY_LINUX_RUNTIME=$2
folder=$3
shift 3
for program in "$@"; do
  timeout --kill-after 5 90 "bin/$program" >"$folder/$program.out" 2>"$folder/$program.err" </dev/null
  echo $? >"$folder/$program.status"
done
