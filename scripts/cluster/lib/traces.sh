# What of the cluster is on this machine besides its folder: nothing, once it is down.
# shellcheck shell=bash disable=SC2154

traces() {
    local process root
    for process in $(inhabitants) $(grouped); do
        echo "process $process $(tr '\0' ' ' 2>/dev/null <"/proc/$process/cmdline")"
    done
    awk -v place="$place/" 'index($2, place) == 1 { print "mount " $2 }' /proc/self/mounts
    ip -o link show "$link" 2>/dev/null | awk '{ print "network link " $2 }'
    for root in $(group_roots); do [[ ! -d $root/kvjob ]] || echo "control group $root/kvjob"; done
}
