# Talking to the person at the terminal: what goes on, for how long, and the one message of a failure.
# Everything goes to stderr: stdout belongs to the paths and commands that other scripts read.
# shellcheck shell=bash disable=SC2154

say() { echo "$*" >&2; }

# die EXIT_CODE MESSAGE…: sysexits' codes, as in the package: 69 something is missing, 78 refused, 70 it broke.
die() {
    local code=$1
    shift
    say "${0##*/}: $*"
    exit "$code"
}

# elapsed SINCE: seconds since then, a moment of EPOCHREALTIME.
elapsed() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }'; }

# within SECONDS WHAT COMMAND…: try the command until it succeeds; die if it has not in time.
within() {
    local limit=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < limit)) || die 70 "$what: not within the time allowed; the logs are in $live/log"
        if declare -F explain_the_dead >/dev/null; then explain_the_dead; fi
        sleep 0.2
    done
}
