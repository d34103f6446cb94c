# shellcheck disable=SC2207 # zsh, which reads this too, has no mapfile
# Completion of `wherry` for bash. Commands, options and what they take are asked of the program itself, so
# that this always fits it; names of images and containers are those that there are.

# The commands of `wherry --help`, or the options of `wherry COMMAND --help`.
__wherry_commands() { wherry --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }
__wherry_options() { wherry "$@" --help 2>/dev/null | sed -n '/^Options:/,$p' | grep -oE -- '(^ {2,6}| )--?[a-z][a-z-]*' | tr -d ' '; }
# Whether an option has a value after it: it is followed by what stands for one, in capitals or as a|b.
__wherry_takes_value() { # OPTION [COMMAND]
  local option=$1
  shift
  wherry "$@" --help 2>/dev/null | grep -qE -- "^ +(-[a-z], )?(--[a-z-]+, )?$option(, -{1,2}[a-z-]+)? ([A-Z]|[a-z]+\|)"
}
# NAME, or NAME:TAG where the tag is not the usual one.
__wherry_images() {
  wherry images --format json 2>/dev/null |
    sed -n 's/.*"Repository":"\([^"<]*\)","Tag":"\([^"<]*\)".*/\1:\2/p' | sed 's/:latest$//'
}
__wherry_containers() { wherry ps -a --json 2>/dev/null | grep -o '"name": *"[^"]*"' | cut -d'"' -f4; }

__wherry_reply() { # WORDS: those that begin as the current one
  local IFS=$'\n'
  COMPREPLY=($(IFS=$' \n' compgen -W "$*" -- "$current"))
}
__wherry_files() {
  local IFS=$'\n'
  COMPREPLY=($(compgen -f -- "$current"))
  compopt -o filenames 2>/dev/null
}

_wherry() {
  local current=${COMP_WORDS[COMP_CWORD]} command='' operands=0 word pending='' at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; ++at)); do
    word=${COMP_WORDS[at]}
    if [ -n "$pending" ]; then
      pending=
    elif [[ $word == -* ]]; then
      # shellcheck disable=SC2086 # no word where there is no command
      if [[ $word != *=* && $operands = 0 ]] && __wherry_takes_value "$word" $command; then pending=$word; fi
    elif [ -z "$command" ]; then
      command=$word
    else
      operands=$((operands + 1))
    fi
  done

  case "$command $pending" in
    *' --platform') __wherry_reply wasi/wasm && return ;;
    *' --network') __wherry_reply none host && return ;;
    'run --name' | 'run -u' | 'run --user' | 'run -h' | 'run --hostname' | 'run --invoke' | 'run -e' | 'run --env') return ;;
    *' -'*) __wherry_files && return ;;
  esac
  if [ -z "$command" ]; then
    if [[ $current == -* ]]; then __wherry_reply "$(__wherry_options)"; else __wherry_reply "$(__wherry_commands)" help; fi
  elif [[ $current == -* && ! ($command = run && $operands -gt 0) ]]; then
    __wherry_reply "$(__wherry_options "$command")"
  else
    case "$command" in
      help) __wherry_reply "$(__wherry_commands)" ;;
      rm) __wherry_reply "$(__wherry_containers)" ;;
      images | inspect | rmi | save | tag) __wherry_reply "$(__wherry_images)" ;;
      run | compile)
        local images=()
        [ "$operands" -gt 0 ] || images=($(compgen -W "$(__wherry_images)" -- "$current"))
        __wherry_files
        COMPREPLY+=("${images[@]}")
        ;;
      ps | version) ;;
      *) __wherry_files ;;
    esac
  fi
}
complete -F _wherry wherry
