# Completion of `wherry` for fish. Commands and options are asked of the program itself.

# The command of the line, if there is one yet; two options before it have a value of their own.
function __wherry_command
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case --root --run-root
                set -e words[1]
            case '-*'
            case '*'
                echo $words[1]
                return
        end
        set -e words[1]
    end
    return 1
end

function __wherry_commands
    wherry --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\)  *\(.*\)/\1\t\2/p'
end

function __wherry_options
    wherry (__wherry_command) --help | sed -n '/^Options:/,$p' |
        sed -nE 's/^ +(-[a-z], +)?(--[a-z-]+)[^ ]*( [^ ]+)?  +(.*)/\2\t\4/p'
end

function __wherry_images
    wherry images --format json | sed -nE 's/.*"Repository":"([^"<]*)","Tag":"([^"<]*)".*/\1:\2/p' | sed 's/:latest$//'
end

complete -c wherry -n 'not __wherry_command' -f -a '(__wherry_commands)'
complete -c wherry -n 'string match -q -- "-*" (commandline -ct)' -a '(__wherry_options)'
complete -c wherry -n 'contains -- (__wherry_command) run compile images inspect rmi save tag' -a '(__wherry_images)'
complete -c wherry -n 'contains -- (__wherry_command) rm' -f -a '(wherry ps -aq)'
complete -c wherry -n 'contains -- (__wherry_command) help' -f -a '(__wherry_commands)'
