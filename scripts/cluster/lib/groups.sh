# The control groups that the kubelet puts pods into: /kvjob under every hierarchy of cgroup v1, or of v2's one.
# shellcheck shell=bash

group_roots() {
    local hierarchy
    for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*/; do
        hierarchy=${hierarchy%/}
        if [[ -e $hierarchy/cgroup.procs && ! -L $hierarchy ]]; then echo "$hierarchy"; fi
    done
}

group_pods() {
    local root controller
    for root in $(group_roots); do
        if [[ -e $root/cgroup.controllers ]]; then # v2 hands a controller down only when told to
            for controller in $(<"$root/cgroup.controllers"); do
                echo "+$controller" 2>/dev/null >"$root/cgroup.subtree_control" || true
            done
        fi
        mkdir -p "$root/kvjob"
        if [[ -e $root/cpuset.cpus ]]; then # v1 gives a new group no processor at all
            cat "$root/cpuset.cpus" >"$root/kvjob/cpuset.cpus"
            cat "$root/cpuset.mems" >"$root/kvjob/cpuset.mems"
        fi
    done
}

# Ids of the processes that run in pods.
grouped() {
    local root
    for root in $(group_roots); do
        [[ ! -d $root/kvjob ]] || find "$root/kvjob" -name cgroup.procs -exec cat {} +
    done | sort -un
}

ungroup_pods() {
    local root
    for root in $(group_roots); do
        [[ ! -d $root/kvjob ]] || find "$root/kvjob" -depth -type d -exec rmdir {} \;
    done
}
