# The cluster's own network and mount namespace.
#
# Everything the cluster starts runs in here. So its routes, iptables rules, interfaces and mounts are never
# the machine's, and end with it. A link of two ends joins it to the machine: services and pods can be reached
# from here, but nothing in there has a way out. The handles are files in `live`, not in /run/netns, which
# would be one more mount to clear up.
# shellcheck shell=bash disable=SC2154

handles=$live/namespaces
link=kvjob0

inside() { nsenter --net="$handles/net" --mount="$handles/mnt" -- "$@"; }

enclosed() { [[ $(stat -fc %T "$handles/net" "$handles/mnt" 2>/dev/null) == $'nsfs\nnsfs' ]]; }

enclose() {
    joined && return
    mkdir -p "$handles"
    # A mount namespace can only be kept by a file on a mount that shares with no other.
    mount --bind "$handles" "$handles"
    mount --make-private "$handles"
    touch "$handles/net" "$handles/mnt"
    unshare --net="$handles/net" --mount="$handles/mnt" --propagation slave true
    own_folders
    own_network
}

disclose() {
    ip link del "$link" 2>/dev/null || true # the other end may be gone and this one with it
    local handle
    for handle in "$handles/net" "$handles/mnt" "$handles"; do
        if mountpoint -q "$handle"; then umount "$handle"; fi
    done
    [[ ! -f $live/made-folders ]] || tac "$live/made-folders" | xargs -r rmdir --ignore-fail-on-non-empty
}

refuse_taken_networks() {
    local network routes
    for network in "$link_network" "$pod_network" "$service_network"; do
        routes=$(ip -o route show root "$network" && ip -o route show match "$network")
        routes=$(grep -v ^default <<<"$routes" || true)
        [[ -z $routes ]] || die 78 "this machine has a route to ${routes%% *}, within the cluster's" \
            "$network: choose another network in $here/lib/place.sh"
    done
}

# Some folders are fixed in the programs. Inside, each is one of ours; outside, it stays as it was.
own_folders() {
    local folder
    for folder in /run /var/log /var/lib/kubelet /var/lib/cni /opt/containerd; do
        if [[ ! -d $folder ]]; then
            mkdir "$folder"
            echo "$folder" >>"$live/made-folders"
        fi
        mkdir -p "$live/fixed$folder"
        inside mount --bind "$live/fixed$folder" "$folder"
    done
}

own_network() {
    inside ip link set lo up
    inside ip link add node0 type veth peer name "$link" netns $$
    inside ip addr add "$node_address/24" dev node0
    inside ip link set node0 up
    ip addr add "$host_address/24" dev "$link"
    ip link set "$link" up
    ip route add "$service_network" via "$node_address" dev "$link"
    ip route add "$pod_network" via "$node_address" dev "$link"
    # A service's address needs some route before kube-proxy's rules get to replace it; the rest of the world
    # is refused at once rather than after a time-out.
    inside ip route add "$service_network" dev node0
    inside ip route add unreachable default
    inside sysctl -qw net.ipv4.ip_forward=1
    touch "$live/joined"
}

# An enclosure that was not finished is no use to go on with.
joined() { enclosed && [[ -f $live/joined ]]; }

# Ids of the processes that live in our namespaces.
inhabitants() {
    enclosed || return 0
    local process
    for process in /proc/[0-9]*; do
        if [[ $process/ns/net -ef $handles/net || $process/ns/mnt -ef $handles/mnt ]]; then
            echo "${process#/proc/}"
        fi
    done
}
