#!/usr/bin/env bash
# Command lines that are wrong say so in one line, and what to do.
# shellcheck source=tests/image/common.sh
source "$(dirname "$0")/common.sh"
refused "invalid reference 'demo/Hello': repository name must be lowercase" wherry images demo/Hello
refused "no image named 'nothing'" wherry tag nothing else
refused "not an OCI image archive: it has no index.json" wherry load -i /dev/null
status=0
wherry imagse 2>err || status=$?
equals status 1 $status
contains suggestion "did you mean 'images'?" "$(cat err)"
status=0
wherry images --formt json 2>err || status=$?
equals status 125 $status
contains suggestion "did you mean '--format'?" "$(cat err)"
contains help "see 'wherry images --help'" "$(cat err)"
status=0
wherry --rot x images 2>err || status=$?
equals status 125 $status
contains help "see 'wherry --help'" "$(cat err)"
contains "help of all" "Commands:" "$(wherry help)"
contains "help of one" "Usage: wherry tag" "$(wherry help tag)"
status=0
wherry help nothing 2>err || status=$?
equals status 1 $status
contains "no such command" "'nothing' is not a wherry command" "$(cat err)"
for verb in images inspect tag rmi save load version; do
  contains "help of $verb" "Usage: wherry $verb" "$(wherry $verb --help)"
done
