# Ending a cluster, whole or half dead, and leaving the machine as it was.
# shellcheck shell=bash disable=SC2154

clear_cluster() {
    local part
    forget_the_dead
    # First those that would start anew what is ended after them.
    for part in kubelet volumes kube-proxy coredns kube-scheduler kube-controller-manager; do
        stop_part "$part" &
    done
    wait
    if enclosed; then
        mkdir -p "$live/run" "$live/log"
        start_part containerd # only it knows every pod
        (within 20 "containerd" runtime_ready && remove_pods) || say "  pods that containerd cannot end are killed"
    fi
    for part in kube-apiserver etcd containerd; do stop_part "$part" & done
    wait
    end_the_rest
    disclose
    ungroup_pods
    restore_kernel
    rm -rf --one-file-system "$live"
}

remove_pods() { "$tools/kube" sandboxes --runtime "unix://$runtime"; }

# A shim whose containerd died, a pod whose shim died: by being where only the cluster's processes are.
end_the_rest() {
    local left
    mapfile -t left < <(inhabitants && grouped)
    ((${#left[@]} == 0)) || kill -KILL "${left[@]}" 2>/dev/null || true
    within 10 "the end of processes ${left[*]}" nobody_left
}

nobody_left() { [[ -z $(inhabitants)$(grouped) ]]; }
