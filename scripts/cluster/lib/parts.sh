# The cluster's parts: how each is started, ended and known to be ready.
# shellcheck shell=bash disable=SC2154

# In the order they start; they end in the reverse.
parts=(
    containerd etcd kube-apiserver kube-controller-manager kube-scheduler coredns kube-proxy volumes kubelet
)

kubectl() { "$tools/kubectl" --kubeconfig "$kubeconfig" "$@"; }
ctr() { command ctr --address "$runtime" --namespace k8s.io "$@"; }

# Fill in a file of config/: @name@ becomes the shell variable's value.
write_settings() {
    local file
    mkdir -p "$live/config/cni"
    for file in containerd.toml kubelet.yaml Corefile cni/10-pods.conflist; do
        sed -e "s|@live@|$live|g; s|@store@|$store|g; s|@runtime@|$runtime|g; s|@kubeconfig@|$kubeconfig|g" \
            -e "s|@node_address@|$node_address|g; s|@pod_network@|$pod_network|g" \
            "$here/config/${file##*/}" >"$live/config/$file"
    done
    echo "nameserver $node_address" >"$live/config/resolv.conf"
}

start_part() {
    local config=$live/config
    case $1 in
        containerd) begin "$1" containerd --config "$config/containerd.toml" ;;
        etcd) # what a power cut would lose is thrown away at `down` all the same
            begin "$1" "$tools/kube" etcd --data-dir "$live/etcd" --unsafe-no-fsync \
                --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
                --listen-peer-urls http://127.0.0.1:2380 --quota-backend-bytes 4294967296 ;;
        kube-apiserver)
            begin "$1" "$tools/kube" "$1" --etcd-servers http://127.0.0.1:2379 \
                --bind-address 0.0.0.0 --secure-port 6443 --advertise-address "$node_address" \
                --service-cluster-ip-range "$service_network" --allow-privileged \
                --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
                --client-ca-file "$pki/ca.crt" \
                --tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" \
                --kubelet-certificate-authority "$pki/ca.crt" \
                --kubelet-client-certificate "$pki/apiserver-to-node.crt" \
                --kubelet-client-key "$pki/apiserver-to-node.key" \
                --kubelet-preferred-address-types InternalIP \
                --service-account-issuer https://kubernetes.default.svc.cluster.local \
                --service-account-key-file "$pki/tokens.pub" \
                --service-account-signing-key-file "$pki/tokens.key" ;;
        kube-controller-manager)
            begin "$1" "$tools/kube" "$1" --kubeconfig "$pki/$1.conf" --root-ca-file "$pki/ca.crt" \
                --service-account-private-key-file "$pki/tokens.key" --use-service-account-credentials \
                --leader-elect=false ;;
        kube-scheduler)
            begin "$1" "$tools/kube" "$1" --kubeconfig "$pki/$1.conf" --leader-elect=false ;;
        coredns) begin "$1" "$tools/coredns" -conf "$config/Corefile" ;;
        kube-proxy) # its connection-tracking limits are the whole machine's: leave them alone
            begin "$1" "$tools/kube" "$1" --kubeconfig "$pki/$1.conf" --hostname-override "$node" \
                --cluster-cidr "$pod_network" --proxy-mode iptables --conntrack-max-per-core 0 \
                --conntrack-tcp-timeout-established 0s --conntrack-tcp-timeout-close-wait 0s ;;
        volumes)
            begin "$1" "$tools/kube" "$1" --kubeconfig "$kubeconfig" --node "$node" --root "$live/volumes" ;;
        kubelet)
            begin "$1" "$tools/kube" "$1" --config "$config/kubelet.yaml" --kubeconfig "$pki/$1.conf" \
                --root-dir "$live/kubelet" --hostname-override "$node" --node-ip "$node_address" ;;
        *) die 78 "no part is called $1: ${parts[*]}" ;;
    esac
}

# The API server, asked politely, keeps its watchers for a minute; it loses nothing if it does not.
stop_part() {
    case $1 in
        kube-apiserver) finish "$1" 0 ;;
        *) finish "$1" 5 ;;
    esac
}

runtime_ready() { ctr version; }
api_ready() { kubectl get --raw /readyz; }
node_ready() { kubectl wait --for condition=Ready --timeout 1s "node/$node"; }

dead_parts() {
    local part
    for part in "${parts[@]}"; do
        if recorded "$part" && ! alive "$part"; then echo "$part"; fi
    done
}

# Whoever waits for something wants to hear at once that a part has died.
explain_the_dead() {
    local part
    for part in $(dead_parts); do
        die 70 "$part has ended; the end of $live/log/$part.log:"$'\n'"$(tail -n 5 "$live/log/$part.log")"
    done
}

# Before they are started anew, they are no reason to give up.
forget_the_dead() {
    local part
    for part in $(dead_parts); do
        say "  $part had ended"
        rm "$live/run/$part.pid"
    done
}
