# Who is who: a certificate for every part, signed by an authority of the cluster's own, as a real one has.
# shellcheck shell=bash disable=SC2154

pki=$live/pki

# sign NAME SUBJECT [ADDRESSES]
sign() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$pki/$1.key"
    openssl req -new -key "$pki/$1.key" -subj "$2" |
        openssl x509 -req -days 365 -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial -out "$pki/$1.crt" \
            -extfile <(echo "subjectAltName=${3:-DNS:$1}") 2>/dev/null
}

# config NAME FILE: a kubeconfig that carries everything in itself, so that it works from anywhere.
config() {
    local encode="base64 -w0"
    (
        umask 077
        cat >"$2" <<EOF
apiVersion: v1
kind: Config
clusters:
- name: kvjob
  cluster:
    server: https://$node_address:6443
    certificate-authority-data: $($encode "$pki/ca.crt")
users:
- name: $1
  user:
    client-certificate-data: $($encode "$pki/$1.crt")
    client-key-data: $($encode "$pki/$1.key")
contexts:
- name: kvjob
  context: {cluster: kvjob, user: $1}
current-context: kvjob
EOF
    )
}

make_identities() {
    [[ ! -f $kubeconfig ]] || return 0 # written last: when it is there, so is all the rest
    mkdir -p "$pki"
    chmod 700 "$pki"
    openssl ecparam -name prime256v1 -genkey -noout -out "$pki/ca.key"
    openssl req -x509 -new -key "$pki/ca.key" -days 365 -subj /CN=kvjob-cluster -out "$pki/ca.crt"
    openssl ecparam -name prime256v1 -genkey -noout -out "$pki/tokens.key" # signs service accounts' tokens
    openssl ec -in "$pki/tokens.key" -pubout -out "$pki/tokens.pub" 2>/dev/null

    local names=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
    sign apiserver /CN=kube-apiserver "$names,IP:$node_address,IP:$api_service_address,IP:127.0.0.1"
    sign node /CN="$node" "DNS:$node,IP:$node_address"
    sign apiserver-to-node /O=system:masters/CN=kube-apiserver-kubelet-client
    sign kubelet "/O=system:nodes/CN=system:node:$node"
    sign kube-proxy /CN=system:kube-proxy
    sign kube-scheduler /CN=system:kube-scheduler
    sign kube-controller-manager /CN=system:kube-controller-manager
    sign admin /O=system:masters/CN=kvjob-admin
    local name
    for name in kubelet kube-proxy kube-scheduler kube-controller-manager; do
        config "$name" "$pki/$name.conf"
    done
    config admin "$kubeconfig"
    # Whoever ran sudo is the one who will use it.
    [[ -z ${SUDO_UID:-} ]] || chown "$SUDO_UID" "$kubeconfig"
}
