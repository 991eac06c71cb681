# Starting and ending the cluster's own processes, each known by its id and the moment the kernel started it.
#
# An id alone may by now belong to another program. With its moment it cannot, so what is ended here is only
# ever what was started here.
# shellcheck shell=bash disable=SC2154

# started_at PID: clock ticks from the machine's start to the process's; fails when it is gone, or a zombie.
started_at() {
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    # The second field is the program's name in brackets and may itself hold spaces and brackets.
    read -ra stat <<<"${stat##*) }"
    [[ ${stat[0]} != Z ]] && echo "${stat[19]}"
}

recorded() { [[ -f $live/run/$1.pid ]]; }

alive() {
    local pid moment
    recorded "$1" || return 1
    read -r pid moment <"$live/run/$1.pid"
    [[ -n $moment && $(started_at "$pid") == "$moment" ]] # no moment: it was gone before it could be read
}

# begin NAME COMMAND…: start it inside, unless it runs.
begin() {
    local name=$1
    shift
    alive "$name" && return
    # nsenter and setsid become the command, so its id is theirs; the lock must not outlive this script.
    inside_from_here "$@" >>"$live/log/$name.log" 2>&1 </dev/null 9>&- &
    record "$name" $!
}

inside_from_here() { exec setsid nsenter --net="$handles/net" --mount="$handles/mnt" -- "$@"; }

record() { echo "$2 $(started_at "$2")" >"$live/run/$1.pid"; }

# finish NAME SECONDS: ask it to end, wait so long, then end it.
finish() {
    local name=$1 limit=$((SECONDS + $2)) pid
    if alive "$name"; then
        read -r pid _ <"$live/run/$name.pid"
        kill "$pid" 2>/dev/null || true # it may end by itself at any time
        while alive "$name" && ((SECONDS <= limit)); do sleep 0.1; done
        if alive "$name"; then kill -KILL "$pid" 2>/dev/null || true; fi
        while alive "$name"; do sleep 0.1; done
    fi
    rm -f "$live/run/$name.pid"
}
